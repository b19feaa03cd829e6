#!/bin/sh
# Why there is no answer, word for word: one situation after the other.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
"$python" "$root/tests/support/text_channel.py" "$tests/explain.channels" "$scratch/site"
main=file://$scratch/site/main
lines=$scratch/lines
: >"$lines"

# ask TITLE ARGUMENT...: not to be had from main; what is said goes into the golden file.
ask() {
	title=$1
	shift
	runs 3 lockenv solve -q --override-channels -c "$main" --platform linux-64 --glibc 2.28 -o env.lock "$@"
	absent env.lock
	[ "$(wc -l <"$err")" -le 10 ] || fail 'more than ten lines'
	{
		printf '== %s\n$ solve' "$title"
		for word; do
			case $word in
			*[!A-Za-z0-9._=:/-]*) printf " '%s'" "$word" ;;
			*) printf ' %s' "$word" ;;
			esac
		done
		printf '\n'
		cat "$err"
	} >>"$lines"
	# Each suggestion of an option is one that does it.
	option=$(sed -n 's/^hint: \(--[a-z-]* [^ ,]*\) would do$/\1/p' "$err")
	if [ -n "$option" ]; then
		# shellcheck disable=SC2086 # an option and its value
		runs 0 lockenv solve --override-channels -c "$main" --platform linux-64 --glibc 2.28 --dry-run \
			-o env.lock "$@" $option
	fi
}
also() {
	ask "$@" -c "file://$scratch/site/other" -c "file://$scratch/site/nvidia"
}

ask 'no driver at all' pytorch-gpu
ask 'no driver, by build' 'pytorch *=*cuda*'
ask 'no driver, by cuda-version, though nothing needs one' 'cuda-version 12.6.*' cuda-cudart
ask 'driver too old' --cuda 10.2 pytorch-gpu
ask 'driver too old for a floor' --cuda 12.6 cuda-tile
ask 'no compute capability stated' --cuda 12.6 hopper-kernels
ask 'two pins on cuda-version' --cuda 12.8 'cuda-version 12.6.*' 'cuda-version 12.8.*'
ask 'cuda-version against a runtime' --cuda 12.8 'cuda-version 12.6.*' 'cuda-cudart 12.8.*'
ask 'cuda-version against cudatoolkit' --cuda 12.8 'cuda-version 12.6.*' 'cudatoolkit 11.8.*'
also 'pytorch-cuda against cuda-version' --cuda 12.8 'pytorch-cuda 12.4.*' 'cuda-version 12.6.*'
ask 'pytorch-gpu and pytorch-cpu' --cuda 12.8 pytorch-gpu pytorch-cpu
ask 'GPU build by glob with CPU meta package' --cuda 12.8 'pytorch *=*cuda*' pytorch-cpu
ask 'python too new' --cuda 12.8 'python 3.13.*' pytorch-gpu
ask 'python too new for an old version' 'python 3.12.*' 'scipy 1.10.*'
ask 'numpy 2 against an old package' 'scipy 1.10.*' 'numpy >=2'
ask 'three that no two refuse' red green blue
ask 'two versions of openssl' curl oldtls
ask 'openssl against python' 'python 3.12.*' 'openssl 1.1.*'
ask 'blas variants' 'libblas *=*mkl' 'blas *=openblas'
ask 'a variant against what it constrains' 'libblas *=*openblas' 'mkl >=2025'
ask 'mpi variants' hdf5 'petsc *=*mpich*'
ask 'glibc too old' modern
ask 'microarchitecture too old' fastmath
ask 'only on another platform' appkit
ask 'noarch, but for another system' pywin
ask 'a version that is for another system' 'dual 2.*'
also 'channel priority hides it' 'ffmpeg >=7'
also 'channel priority hides it one level down' narrow
ask 'the channel does not have it' -c "file://$scratch/site/other" "file://$scratch/site/other::numpy"
ask 'a typo' pytorhc
ask 'a typo in a spec with a version' 'numpi >=2' 'python 3.12.*'
ask 'underscore for hyphen' scikit_learn
ask 'hyphen for underscore, in capitals' 'Typing-Extensions >=4'
ask 'nothing like it' zzzzzzzz
ask 'two unknown names' numpi pyhton
ask 'removed' 'yanked 1.1'
ask 'all removed' allyanked
ask 'too new for the date' --exclude-newer 2022-01-01 'freshlib >=2'
ask 'wrong build' 'numpy 2.2.1 *_cuda'
ask 'wrong version' 'numpy 2.1.*'
ask 'version beyond all' 'numpy >=3'
ask 'a digest that nothing has' 'numpy[sha256=0000000000000000000000000000000000000000000000000000000000000000]'
ask 'a dependency that no channel has' parent
ask 'an extra' 'webapp[extras=[tls]]' 'python 3.12.*'
ask 'a condition that is true' compat 'python 3.11.*'

# A pin of the configuration.
printf 'channels: []\npinned_packages: ["numpy <2"]\n' >"$LOCKENV_CONFIG"
ask 'a pin against a spec' 'numpy >=2' scipy
ask 'a pin against a dependency' --cuda 12.8 'python 3.13.*' scipy
printf 'channels: []\n' >"$LOCKENV_CONFIG"

# tell TITLE ARGUMENT...: to be had; what is worth knowing of it goes into the golden file too.
tell() {
	title=$1
	shift
	runs 0 lockenv solve --override-channels -c "$main" --platform linux-64 --glibc 2.28 --dry-run -o env.lock "$@"
	{
		printf '== %s\n$ solve' "$title"
		for word; do
			case $word in
			*[!A-Za-z0-9._=:/-]*) printf " '%s'" "$word" ;;
			*) printf ' %s' "$word" ;;
			esac
		done
		printf '\n'
		grep -v -e ' is taken to have ' -e ' names and ' -e ' would change$' "$err" || true
	} >>"$lines"
}
tell 'without CUDA for want of a driver' 'pytorch' torchvision
tell 'with CUDA by build number' --cuda 12.6 pytorch
tell 'with CUDA because a spec needs it' --cuda 12.6 pytorch-gpu
tell 'without CUDA because a spec says so' --cuda 12.6 'pytorch *=*cpu*'
tell 'without CUDA because something else does not go with it' --cuda 12.6 'cuda-version 12.4.*' pytorch
tell 'quiet about it' -q pytorch
tell 'not newer: a spec' -v 'numpy <2'
tell 'not newer: an earlier spec' -v 'scipy 1.10.*' numpy
tell 'not newer: earlier specs win' -v numpy 'scipy 1.10.*'
tell 'not newer: all of them' -vv 'scipy 1.10.*'
tell 'not newer: the target' -v 'dual'
tell 'not newer: the channel order' -v -c "file://$scratch/site/other" ffmpeg
tell 'not newer: the date' -v --exclude-newer 2022-01-01 freshlib
tell 'newest of all' -v openssl

# With a lock that is kept.
runs 0 lockenv solve -q --override-channels -c "$main" --platform linux-64 --glibc 2.28 -o kept.lock \
	'python 3.11.*' 'scipy 1.10.*' numpy
relock() {
	title=$1
	shift
	cp kept.lock env.lock
	tell "$title" "$@"
	rm env.lock
}
relock 'not newer: kept' -v python scipy numpy
relock 'not newer: updated alone' python scipy numpy --update numpy
relock 'not newer: updated with what held it' -v python scipy numpy --update numpy --update scipy

cp "$lines" "$err"
golden_error explain

# The same as JSON.
runs 0 lockenv solve -v --json --override-channels -c "$main" --platform linux-64 --dry-run -o env.lock \
	'scipy 1.10.*' numpy 'pytorch 2.1.*'
json '[(b["name"], b["not_version"]) for b in d["platforms"]["linux-64"]["behind"]]' \
	"[('scipy', '1.15.0'), ('numpy', '2.2.1'), ('pytorch', '2.5.1')]"
json 'd["platforms"]["linux-64"]["cuda"][0]["other_spec"]' 'pytorch *=*cuda*'
json 'd["platforms"]["linux-64"]["cuda"][0]["has_cuda"], d["platforms"]["linux-64"]["cuda"][0]["other_needs_cuda"]' \
	'(False, True)'

# Who asks for CUDA under a condition asks only where it is true.
maybe() {
	status=$1
	shift
	runs "$status" lockenv solve -q --override-channels -c "$main" --platform linux-64 --dry-run -o env.lock "$@"
}
maybe 0 pytorch "pytorch * *cuda*[when='__cuda']"
maybe 0 "cuda-version 12.6.*[when='python>=3.13']" 'python 3.12.*'
maybe 3 "cuda-version 12.6.*[when='python>=3.12']" 'python 3.12.*'

# All lines with --verbose; the structure with --json.
runs 3 lockenv solve --override-channels -c "$main" --platform linux-64 --json -o env.lock pytorch-gpu
json 'd["error"]["conflict"]["specs"]' "[{'spec': 'pytorch-gpu', 'pin': False}]"
json 'd["error"]["conflict"]["suggestions"][0]["virtual"]' '__cuda=11'
json 'd["error"]["conflict"]["reasons"][0]["because"][0]["text"]' \
	'pytorch 2.5.1 (2 builds) need __cuda, this lock is solved without __cuda'
