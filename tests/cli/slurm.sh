#!/bin/sh
# Many nodes at once: the scripts of docs/examples on a Slurm of four nodes, each with a disk of its own.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
installer=$(command -v lockenv-install)
! ldd "$installer" >/dev/null 2>&1 || skip 'lockenv-install is dynamic in this build'
examples=$root/docs/examples
cluster=$scratch/cluster
prefix=$cluster/local/envs/train
mkdir "$cluster"

lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 'python 3.11.*' \
	lockenv-hello lockenv-prefix -o train.lock
solve -q 'hello 1.*' oldtool -o small.lock
solve -q --cuda 12.6 gpu-app -o gpu.lock
lockenv fetch -q train.lock small.lock gpu.lock
lockenv pack -q train.lock -o train.lockpack
lockenv pack -q small.lock -o small.lockpack
lockenv pack -q gpu.lock -o gpu.lockpack
# Signed by a key that is trusted here.
openssl genpkey -algorithm ed25519 -out key.pem
mkdir -p "$HOME/.config/lockenv/trusted_keys.d"
openssl pkey -in key.pem -pubout -out "$HOME/.config/lockenv/trusted_keys.d/site.pem"
lockenv pack -q small.lock --sign key.pem -o signed.lockpack
# An image can be unpacked where there are its tools, and mounted where there are loop devices.
image=
if command -v mksquashfs >/dev/null && command -v unsquashfs >/dev/null; then
	lockenv pack -q small.lock --format squashfs -p "$prefix" -o image
	image=unpack
	mkdir mounted
	! unshare -m mount -t squashfs -o loop,ro image mounted 2>/dev/null || image=mount
fi

# wanted LOCK: the tree digest of a plain install into the nodes' prefix.
wanted() {
	lockenv install -q --json "$1" -p "$prefix" >"$scratch/wanted"
	"$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$scratch/wanted"
	rm -rf "$prefix"
}
wanted train.lock >train.digest
wanted small.lock >small.digest

cat >on-cluster.sh <<'END'
# on-cluster.sh EXAMPLES CLUSTER INSTALLER PREFIX IMAGE: what happens on the cluster; each result is a file here.
set -eu
examples=$1 cluster=$2 installer=$3 prefix=$4 image=$5

# finished STATE OPTION...: submits a job, waits for its end.
finished() {
	state=$1
	shift
	job=$(sbatch --parsable "$@")
	ends "$state" "$job"
}

# ends STATE JOB...
ends() {
	state=$1
	shift
	for job; do
		tries=0
		until scontrol show job "$job" | grep -qE 'JobState=(COMPLETED|FAILED|CANCELLED|NODE_FAIL|TIMEOUT)'; do
			tries=$((tries + 1))
			[ $tries -lt 600 ] || exit 1
			sleep 0.1
		done
		scontrol show job "$job" | grep -q "JobState=$state" || {
			echo "job $job is not $state:"
			scontrol show job "$job"
			cat ./*.out
			exit 1
		}
	done
}

# The bundle by sbcast, each node on its own; again: nothing to do; the environment runs on all.
finished COMPLETED --nodes=4 -o broadcast.out "$examples/slurm-install.sbatch" train.lockpack "$prefix" "$cluster/local"
finished COMPLETED --nodes=4 -o again.out "$examples/slurm-install.sbatch" train.lockpack "$prefix" "$cluster/local"
srun -N4 -l "$prefix/bin/lockenv-where" >where.out
srun -N4 ls -A "$cluster/local" >left.out
# One node on which it cannot be: the job fails.
srun -N1 -w node3 sh -c 'rm -rf "$1" && echo mine >"$1"' sh "$prefix"
finished FAILED --nodes=4 -o broken.out "$examples/slurm-install.sbatch" train.lockpack "$prefix" "$cluster/local"
srun -N1 -w node3 rm "$prefix"

# Only what is signed, by an installer that comes from elsewhere.
finished COMPLETED --nodes=4 -o signed.out --export="ALL,LOCKENV_REQUIRE_SIGNATURE=1,LOCKENV_INSTALL=$installer" \
	"$examples/slurm-install.sbatch" signed.lockpack "$prefix" "$cluster/local"
finished FAILED --nodes=4 -o unsigned.out --export="ALL,LOCKENV_REQUIRE_SIGNATURE=1,LOCKENV_INSTALL=$installer" \
	"$examples/slurm-install.sbatch" small.lockpack "$prefix" "$cluster/local"
srun -N4 rm -rf "$prefix"

# Two tasks on each node, at once into one prefix.
srun -N4 --ntasks-per-node=2 "$installer" small.lockpack --no-cache --wait 600 -q --json -p "$prefix-2" >tasks.out
srun -N4 rm -rf "$prefix-2"

# What the nodes' drivers are asked before anything is installed.
srun -N4 "$installer" gpu.lockpack --no-cache --dry-run -p "$prefix-3" >/dev/null 2>driver.out || echo "ended with $?" >>driver.out
CONDA_OVERRIDE_CUDA=12.6 srun -N4 "$installer" gpu.lockpack --no-cache --dry-run -p "$prefix-3" 2>driver-good.out

# One cache that all may only read.
export LOCKENV_INSTALL="$installer"
finished COMPLETED --nodes=4 -o cache.out "$examples/slurm-shared-cache.sbatch" small.lock "$cluster/cache" "$prefix"
srun -N4 rm -rf "$prefix"

# One cache that all fill at once.
srun -N4 "$installer" small.lockpack --cache "$cluster/filled" -q --json -p "$prefix" >filled.out
ls "$cluster/filled/trees" >filled.trees
ls -A "$cluster/filled/tmp" >filled.tmp
srun -N4 rm -rf "$prefix"

# An image, unpacked.
if [ -n "$image" ]; then
	finished COMPLETED --nodes=4 -o image.out "$examples/slurm-image.sbatch" image "$prefix" "$cluster/local"
	srun -N4 rm -rf "$prefix"
fi

# prolog NAME: this example of one, with the paths that are these here.
prolog() {
	sed -e "s|^bundle=.*|bundle=$PWD/current.lockpack|" -e "s|^installer=.*|installer=$installer|" \
		-e "s|^image=.*|image=$PWD/image|" -e "s|^prefix=.*|prefix=$prefix|" "$examples/$1" >prolog
	chmod 755 prolog
	mv prolog "$cluster/prolog"
}

# A bundle before each job, with two jobs at once on each node; then a new bundle.
cp train.lockpack current.lockpack
prolog slurm-prolog.sh
one=$(sbatch --parsable -N4 -n4 -o prolog-1.out --wrap "srun -l $prefix/bin/lockenv-where")
two=$(sbatch --parsable -N4 -n4 -o prolog-2.out --wrap "srun -l $prefix/bin/lockenv-where")
ends COMPLETED "$one" "$two"
mv small.lockpack current.lockpack
finished COMPLETED -N4 -n4 -o prolog-3.out --wrap "srun -l $prefix/bin/hello"

# An image mounted before each job, again two at once.
if [ "$image" = mount ]; then
	printf '#!/bin/sh\n' >empty
	chmod 755 empty
	mv empty "$cluster/prolog"
	srun -N4 rm -rf "$prefix"
	prolog slurm-image-prolog.sh
	one=$(sbatch --parsable -N4 -n4 -o mount-1.out --wrap "srun -l $prefix/bin/hello")
	two=$(sbatch --parsable -N4 -n4 -o mount-2.out --wrap "srun -l $prefix/bin/hello")
	ends COMPLETED "$one" "$two"
	srun -N4 "$installer" small.lock --cache ":$cluster/cache" --json -p "$prefix" >mounted.out
	! srun -N1 "$installer" train.lockpack --no-cache -p "$prefix" 2>mounted.err
fi
sinfo -h -o %T >states.out
END
chmod -R a-w "$LOCKENV_CACHE/archives"
cp -r "$LOCKENV_CACHE" "$cluster/cache"
rm -rf "$cluster/cache/trees"
code=0
last='the cluster'
sh "$root/tests/support/slurm.sh" "$cluster" 4 sh -c 'cd "$1" && shift && exec sh on-cluster.sh "$@"' sh \
	"$PWD" "$examples" "$cluster" "$installer" "$prefix" "$image" >"$out" 2>"$err" </dev/null || code=$?
[ $code -ne 77 ] || skip 'no cluster can be had here'
if [ $code -ne 0 ]; then
	fail "the cluster ended with $code"
	exit 1
fi

for name in broadcast again; do
	is "$(tail -n 1 $name.out | tr -s ' ')" " 4 $(cat train.digest)"
done
is "$(sort where.out | tr '\n' ';')" "$(for i in 0 1 2 3; do printf '%s: %s;' $i "$prefix"; done)"
is "$(sort -u left.out)" envs
has broken.out 'is not a directory'
has broken.out 'node3: task 2: Exited with exit code 2'
is "$(tail -n 1 signed.out | tr -s ' ')" " 4 $(cat small.digest)"
has unsigned.out 'Exited with exit code 5'
is "$(grep -c "\"tree_digest\": " tasks.out)" 8
is "$(grep -c '"unchanged": true' tasks.out)" 4
has driver.out 'this host does not meet what the lock requires: __cuda >=12.4'
has driver.out 'node1: task 0: Exited with exit code 7'
has driver.out 'ended with 7'
is "$(grep -c 'would install' driver-good.out)" 4
is "$(tail -n 1 cache.out | tr -s ' ')" " 4 $(cat small.digest)"
is "$(grep -c "\"tree_digest\": \"$(cat small.digest)\"" filled.out)" 4
is "$(wc -l <filled.trees)" 3
is "$(cat filled.tmp)" ''
for i in 1 2; do
	is "$(sort prolog-$i.out | tr '\n' ';')" "$(for k in 0 1 2 3; do printf '%s: %s;' $k "$prefix"; done)"
done
is "$(sort prolog-3.out | tr '\n' ';')" "$(for k in 0 1 2 3; do printf '%s: hello 1.1;' $k; done)"
if [ -n "$image" ]; then
	is "$(tail -n 1 image.out | tr -s ' ')" " 4 $(cat small.digest)"
else
	part 'no squashfs-tools: no image was unpacked'
fi
if [ "$image" = mount ]; then
	for i in 1 2; do
		is "$(sort mount-$i.out | tr '\n' ';')" "$(for k in 0 1 2 3; do printf '%s: hello 1.1;' $k; done)"
	done
	is "$(grep -c "\"tree_digest\": \"$(cat small.digest)\"" mounted.out)" 4
	is "$(grep -c '"unchanged": true' mounted.out)" 4
	has mounted.err 'is a mount point, which cannot be replaced as a whole'
else
	part 'no loop devices: no image was mounted'
fi
! grep -E 'down|drain|fail' states.out || fail 'a node is out of service'
