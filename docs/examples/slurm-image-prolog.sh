#!/bin/sh
# A prolog (Prolog= in slurm.conf) that mounts the image of an environment before a job begins:
#
#     lockenv pack train.lock --format squashfs -p /local/envs/train -o /shared/envs/train.squashfs
#
# It runs as root. The image may lie on the shared file system, which then serves blocks of one file and no
# look-ups, or on the node's own disk.
image=/shared/envs/train.squashfs
prefix=/local/envs/train
PATH=/usr/sbin:/usr/bin:/sbin:/bin

set -eu
mkdir -p "$prefix"
# Jobs that begin at the same time do so one after the other.
exec 9<"${prefix%/*}"
flock 9
mountpoint -q "$prefix" || mount -t squashfs -o loop,ro,nosuid,nodev "$image" "$prefix"
