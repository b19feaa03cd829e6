#!/bin/sh
# wheel2conda.py: what pip installed becomes conda packages, which are indexed, solved and installed offline, and run.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
[ -x /usr/bin/python3.11 ] || skip 'no /usr/bin/python3.11, which the demo channel packs'
[ "$(uname -m)" = x86_64 ] || skip 'the demo channel is for x86-64'

site=$PWD/site
mkdir -p "$site/pure" "$site/native" "$site/nvidia/cu13/lib" bin
printf 'import native\n\n\ndef main():\n    print("pure", native.VALUE)\n' >"$site/pure/__init__.py"
printf 'VALUE = 7\n' >"$site/native/__init__.py"
cp -L "$(ldconfig -p | awk '$1 == "libz.so.1" && /x86-64/ { print $NF; exit }')" "$site/nvidia/cu13/lib/libtiny.so.3"
printf 'damaged' >"$site/native/left.pyc"

# distribution NAME VERSION TAG FILE...: its metadata, the RECORD with FILEs; METADATA's further lines from stdin.
distribution() {
	info=$site/$1-$2.dist-info
	name=$(printf '%s' "$1" | tr _ -)
	mkdir "$info"
	printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$name" "$2" >"$info/METADATA"
	cat >>"$info/METADATA"
	printf 'Wheel-Version: 1.0\nTag: %s\n' "$3" >"$info/WHEEL"
	printf 'pip\n' >"$info/INSTALLER"
	record=$info/RECORD
	shift 3
	for file in "$@" "${info##*/}/METADATA" "${info##*/}/WHEEL" "${info##*/}/INSTALLER" "${info##*/}/RECORD"; do
		printf '%s,,\n' "$file"
	done >"$record.new"
	mv "$record.new" "$record"
}
mkdir made
printf '[console_scripts]\npure = pure:main\n' >made/entry_points.txt
distribution pure 1.0 py3-none-any pure/__init__.py <<'METADATA'
License-Expression: MIT
Requires-Python: >=3.9
Requires-Dist: native[gpu]>=2 ; python_version >= "3.9" and (sys_platform == "linux" or os_name == "nt")
Requires-Dist: absent ; extra == "never"
Requires-Dist: absent ; sys_platform == "win32"
METADATA
cp made/entry_points.txt "$site/pure-1.0.dist-info/"
distribution native 2.0+cu13 cp311-cp311-manylinux_2_28_x86_64 native/__init__.py native/left.pyc \
	../../../bin/gone <<'METADATA'
Requires-Dist: nvidia-tiny-cu13==3.1.* ; extra == "gpu"
METADATA
distribution nvidia_tiny_cu13 3.1 py3-none-manylinux_2_27_x86_64 nvidia/cu13/lib/libtiny.so.3 </dev/null

runs 0 "$root/fixtures/wheel2conda.py" --python /usr/bin/python3.11 --no-python --site "$site" --jobs 1 --out c pure
json 'sorted(p["file"].split("/", 1)[1] for p in d["packages"])' \
	"['linux-64/native-2.0-cu13_py311_0.conda', 'linux-64/nvidia-tiny-cu13-3.1-py311_0.conda', 'noarch/pure-1.0-py_0.conda', 'noarch/python_abi-3.11-0_cp311.conda']"
runs 0 "$root/fixtures/wheel2conda.py" --python /usr/bin/python3.11 --no-python --site "$site" --jobs 2 --out again pure
is "$(digest c)" "$(digest again)"
runs 0 lockenv index --verify c
runs 0 lockenv search --override-channels -c ./c --platform linux-64 --json pure
out_has 'native >=2'
out_has 'nvidia-tiny-cu13 3.1.*'
runs 0 lockenv search --override-channels -c ./c --platform linux-64 --json native
out_has 'python_abi 3.11.* *_cp311'
out_has '__glibc >=2.28'

runs 0 lockenv solve -q --override-channels -c ./c -c "$demo_channel" --platform linux-64 --glibc 2.36 pure -o env.lock
runs 0 lockenv fetch -q env.lock
runs 0 lockenv install -q env.lock -p env
packages=env/lib/python3.11/site-packages
is "$(readlink "$packages/nvidia/cu13/lib/libtiny.so.3")" ../../../../../libtiny.so.3
same env/lib/libtiny.so.3 "$site/nvidia/cu13/lib/libtiny.so.3"
absent "$packages/native/left.pyc"
runs 0 lockenv verify env env.lock
# The channel's python looks into dist-packages, as Debian's does; what is made for python's own folder is told here.
runs 0 env PYTHONPATH="$packages" env/bin/pure
out_is 'pure 7'
has "$packages/native-2.0+cu13.dist-info/INSTALLER" conda

# What RECORD names has to be there, and so has what is needed.
rm "$site/native/__init__.py"
code=0
"$root/fixtures/wheel2conda.py" --python /usr/bin/python3.11 --no-python --site "$site" --out d pure 2>"$err" || code=$?
is "$code" 1
err_has "RECORD has 'native/__init__.py', which is not there"
rm -r "$site"/native-*
code=0
"$root/fixtures/wheel2conda.py" --python /usr/bin/python3.11 --no-python --site "$site" --out d pure 2>"$err" || code=$?
err_has "'native', which"
