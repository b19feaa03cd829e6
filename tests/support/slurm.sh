#!/bin/sh
# slurm.sh FOLDER NODES COMMAND...: a Slurm cluster on this machine for as long as COMMAND runs.
#
# NODES nodes called node1, node2..., two processors each, with a disk of their own at FOLDER/local; all else
# is shared by them, as on a cluster's network file system. Each job on a node first runs FOLDER/prolog,
# which does nothing until it is replaced. Names, mounts, network (a loopback interface and no other) and
# processes are the cluster's own: all of it ends with COMMAND, or after four minutes. Needs root. Exit 77:
# it cannot be had here.
set -eu
if [ -z "${LOCKENV_IN_CLUSTER:-}" ]; then
	for tool in munged slurmctld slurmd sbatch python3; do
		command -v $tool >/dev/null || exit 77
	done
	cut='unshare --mount --net --uts --pid --fork --kill-child --mount-proc'
	$cut true 2>/dev/null || exit 77
	# shellcheck disable=SC2086 # words of a command
	LOCKENV_IN_CLUSTER=1 exec timeout 240 $cut sh "$0" "$@"
fi
folder=$1
nodes=$2
shift 2

# Loopback up. Slurm looks names up among the kinds of addresses that interfaces have, loopback's own left
# out: so it gets a second one.
python3 -c '
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))
fcntl.ioctl(s, 0x8916, struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton("10.0.0.1")))'
hostname cluster

mkdir -p "$folder/local" "$folder/slurm"
chmod 755 "$folder" "$folder/slurm"
cd "$folder/slurm"
printf '#!/bin/sh\n' >../prolog
chmod 755 ../prolog
head -c 1024 /dev/urandom >key
chmod 600 key
munged --force --key-file "$PWD/key" --socket "$PWD/munge" --pid-file "$PWD/munged.pid" \
	--log-file "$PWD/munged.log" --seed-file "$PWD/seed" 2>munged.err || {
	cat munged.err >&2
	exit 1
}
cat >slurm.conf <<END
ClusterName=test
SlurmctldHost=cluster(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$PWD/munge
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
Prolog=$folder/prolog
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/%n
SlurmctldPidFile=$PWD/slurmctld.pid
SlurmdPidFile=$PWD/%n.pid
SlurmctldLogFile=$PWD/slurmctld.log
SlurmdLogFile=$PWD/%n.log
SlurmctldPort=17000
NodeName=node[1-$nodes] NodeHostname=cluster NodeAddr=127.0.0.1 Port=[17001-$((17000 + nodes))] CPUs=2
PartitionName=all Nodes=ALL Default=YES State=UP
END
# No control groups are used, but slurmd wants to know a kind of them.
echo CgroupPlugin=cgroup/v1 >cgroup.conf
mkdir state
export SLURM_CONF="$PWD/slurm.conf"
slurmctld
# A node that cannot start is told below.
for i in $(seq "$nodes"); do
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -c 'mount -t tmpfs none "$1" && exec slurmd -N "$2"' sh "$folder/local" "node$i" || true
done
tries=0
while [ "$(sinfo -h -t idle -o %D)" != "$nodes" ]; do
	tries=$((tries + 1))
	if [ $tries -gt 100 ]; then
		echo 'slurm.sh: the nodes do not come up' >&2
		for log in ./*.log; do
			tail -n 5 "$log" >&2
		done
		exit 1
	fi
	sleep 0.1
done
cd "$folder"
"$@"
