"""What a power cut could leave of the files that a recorded run made (see record.h).

A Disk is some folders as a file system has them: inodes, and directories that name them. It is read from there,
changed by calls, and written back. `Run.crash` gives a disk that a power cut after the first calls may leave:

- What was synced is there: all that came before a syncfs; of an fsync, what was done to that file or directory.
- Of the names and properties that came after, as many are there as a draw says. With `ordered` it is so as a journal
  has it (ext4, XFS, Btrfs): of all calls in their order some first part, and an fsync takes the names before it along.
  Without, each directory and each file has a first part of its own; a rename is whole or not at all.
- Of the bytes that came after, each file has, as a draw says: none, so that it is as long as it was; some first part;
  zeros in their place (ext4 may write the new length before the bytes); or all. They do not wait for names, nor names
  for them.
"""

import collections
import os
import re
import shutil

PAGE = 4096
JOURNAL = b"lockenv-journal 1\0"
MADE = {"create": "file", "mkdir": "dir", "symlink": "link"}
MOVES = ("rename", "exchange")
DATA = ("none", "part", "zeros", "all")
# Which fields are names or bytes, the second and the fourth or the third.
HEX = {"create": (1,), "mkdir": (1,), "symlink": (1, 3), "link": (1,), "unlink": (1,), "rename": (1, 3),
       "exchange": (1, 3), "write": (2,)}

Call = collections.namedtuple("Call", "name fields")


class Inode:
    """body: the bytes of a file, the names of a directory, the target of a link; time: None is now."""

    def __init__(self, kind, mode=0, body=None, time=None):
        self.kind, self.mode, self.time = kind, mode, time
        self.body = body if body is not None else {} if kind == "dir" else bytearray()

    def copy(self):
        return Inode(self.kind, self.mode, self.body if self.kind == "link" else type(self.body)(self.body), self.time)


def read_record(path):
    with open(path) as file:
        for line in file:
            name, *fields = line.rstrip("\n").split(" ")
            for i in HEX.get(name, ()):
                fields[i] = bytes.fromhex(fields[i])
            yield Call(name, fields)


class Disk:
    def __init__(self, roots):
        """The folders ROOTS, which need not be there, as they are now."""
        self.inodes = {}
        self.roots = {}
        for root in sorted(roots):
            parent, name = os.path.split(os.fsencode(root))
            status = os.stat(parent)
            key = f"{status.st_dev:x}:{status.st_ino:x}"
            self.inodes.setdefault(key, Inode("dir"))
            self.roots[parent] = key
            if os.path.lexists(root):
                self.inodes[key].body[name] = self.read(os.fsencode(root))

    def read(self, path):
        status = os.lstat(path)
        key, mode, time = f"{status.st_dev:x}:{status.st_ino:x}", status.st_mode & 0o7777, status.st_mtime_ns
        if key in self.inodes:
            return key
        if os.path.islink(path):
            self.inodes[key] = Inode("link", 0, os.readlink(path), time)
        elif os.path.isdir(path):
            self.inodes[key] = Inode("dir", mode, {}, time)
            self.inodes[key].body.update({name: self.read(path + b"/" + name) for name in os.listdir(path)})
        else:
            with open(path, "rb") as file:
                self.inodes[key] = Inode("file", mode, bytearray(file.read()), time)
        return key

    def copy(self):
        other = object.__new__(Disk)
        other.roots = self.roots
        other.inodes = {key: inode.copy() for key, inode in self.inodes.items()}
        return other

    def make(self, call):
        folder, name, key, what = call.fields
        kind = MADE[call.name]
        self.inodes[key] = Inode("link", body=what) if kind == "link" else Inode(kind, int(what, 8))

    def apply(self, call):
        """But for write."""
        a, *rest = call.fields or (None,)
        at = self.inodes.get(a)
        if call.name in MADE or call.name == "link":
            at.body[rest[0]] = rest[1]
        elif call.name == "unlink":
            del at.body[rest[0]]
        elif call.name == "rename":
            self.inodes[rest[1]].body[rest[2]] = at.body.pop(rest[0])
        elif call.name == "exchange":
            other = self.inodes[rest[1]].body
            at.body[rest[0]], other[rest[2]] = other[rest[2]], at.body[rest[0]]
        elif call.name == "size":
            del at.body[int(rest[0]):]
            at.body.extend(bytes(int(rest[0]) - len(at.body)))
        elif call.name == "mode":
            at.mode = int(rest[0], 8)
        elif call.name == "time":
            at.time = int(rest[0])

    def write_bytes(self, key, offset, data):
        file, offset = self.inodes[key], int(offset)
        file.body.extend(bytes(max(0, offset - len(file.body))))
        file.body[offset:offset + len(data)] = data
        file.time = None

    def put(self, roots):
        """Writes the folders ROOTS in the place of what is there. Journals that note inode numbers get the new ones."""
        known = {}
        for root in sorted(roots):
            shutil.rmtree(root, ignore_errors=True)
            parent, name = os.path.split(os.fsencode(root))
            key = self.inodes[self.roots[parent]].body.get(name)
            if key:
                self.put_inode(key, os.fsencode(root), known)
        numbers = {int(key.split(":")[1].split("#")[0], 16): os.lstat(path).st_ino for key, path in known.items()}
        for key, path in known.items():
            if self.inodes[key].kind == "file" and self.inodes[key].body.startswith(JOURNAL):
                with open(path, "r+b") as file:
                    lines = re.sub(rb"(?<=\0)([a-z]+) ([0-9]+) ", lambda found: b"%s %d " % (
                        found[1], numbers.get(int(found[2]), int(found[2]))), file.read())
                    file.seek(0)
                    file.truncate()
                    file.write(lines)

    def put_inode(self, key, path, known):
        inode = self.inodes[key]
        if key in known:
            os.link(known[key], path, follow_symlinks=False)
            return
        if inode.kind == "dir":
            os.mkdir(path, 0o700)
            known[key] = path
            for name, entry in inode.body.items():
                self.put_inode(entry, path + b"/" + name, known)
            os.chmod(path, inode.mode)
            return
        known[key] = path
        if inode.kind == "link":
            os.symlink(inode.body, path)
        else:
            with open(path, "wb") as file:
                file.write(inode.body)
            os.chmod(path, inode.mode)
        if inode.time is not None:
            os.utime(path, ns=(inode.time, inode.time), follow_symlinks=False)

    def flat(self):
        """All by path; of several names of one file the others say which it is."""
        found, known = {}, {}
        todo = sorted(self.roots.items())
        while todo:
            path, key = todo.pop()
            inode = self.inodes[key]
            if inode.kind == "dir":
                found[path] = (inode.mode,)
                todo += sorted((path + b"/" + name, entry) for name, entry in inode.body.items())
            else:
                found[path] = (known.get(key), inode.mode, bytes(inode.body), inode.time)
                known.setdefault(key, path)
        return found


def same(a, b):
    """Two results of flat; what has no time has any."""
    def timed(x, y):
        return x[:3] == y[:3] and (len(x) < 4 or None in (x[3], y[3]) or x[3] == y[3])
    return a.keys() == b.keys() and all(timed(a[path], b[path]) for path in a)


class Run:
    """A recorded run: the disk before it, its calls, the disk after it."""

    def __init__(self, before, calls):
        self.before, self.calls, self.after = before, [], before.copy()
        names = {}  # of inodes: numbers are used again
        for i, call in enumerate(calls):
            fields = list(call.fields)
            if call.name in MADE and fields[0] in self.after.inodes:
                names[fields[2]] = f"{fields[2]}#{i}"
            for j in (0, 2):
                if j < len(fields) and isinstance(fields[j], str):
                    fields[j] = names.get(fields[j], fields[j])
            if call.name == "syncfs" or fields[0] in self.after.inodes:  # others are in memory, or not looked at
                self.add(Call(call.name, fields))

    def add(self, call):
        self.calls.append(call)
        if call.name in MADE:
            self.after.make(call)
        if call.name == "write":
            self.after.write_bytes(*call.fields)
        else:
            self.after.apply(call)

    @staticmethod
    def keys(call):
        """What the call changes."""
        return {call.fields[0], call.fields[2]} if call.name in MOVES else set(call.fields[:1])

    def crash(self, upto, rng, ordered=True, names=None, data=None):
        """NAMES: how much of the names and properties is there, from 0 to 1; DATA: one of DATA for all files. What is
        None is drawn."""
        calls = self.calls[:upto]
        base = max([i for i, call in enumerate(calls) if call.name == "syncfs"], default=0)
        synced = collections.defaultdict(lambda: base)  # the call before which all of a file or directory is there
        for i, call in enumerate(calls):
            if call.name == "fsync":
                synced[call.fields[0]] = max(base, i)
        there = self.ordered(calls, base, synced, rng, names) if ordered else self.loose(calls, synced, rng)
        pending = collections.Counter(call.fields[0] for i, call in enumerate(calls)
                                      if call.name == "write" and i >= synced[call.fields[0]])
        choice = {key: data or rng.choice(DATA) for key in sorted(pending)}
        left = {key: rng.randint(0, pending[key]) for key in sorted(pending)}
        disk = self.before.copy()
        for i, call in enumerate(calls):
            if call.name in MADE:
                disk.make(call)
            if call.name == "write":
                key, offset, bytes_ = call.fields
                if i >= synced[key]:
                    left[key] -= 1
                    bytes_ = self.part(choice[key], left[key], bytes_, rng)
                    if choice[key] == "zeros":  # where there were bytes they stay
                        bytes_ = disk.inodes[key].body[int(offset):int(offset) + len(call.fields[2])]
                        bytes_ = bytes(bytes_) + bytes(len(call.fields[2]) - len(bytes_))
                disk.write_bytes(key, offset if bytes_ else 0, bytes_)
            elif i in there:
                disk.apply(call)
        return disk

    @staticmethod
    def part(choice, left, data, rng):
        if choice == "all" or (choice == "part" and left > 0):
            return data
        return data[:rng.randint(0, len(data) // PAGE) * PAGE] if choice == "part" and left == 0 else b""

    @staticmethod
    def ordered(calls, base, synced, rng, names):
        base = max([base, *synced.values()])
        return set(range(base + round((len(calls) - base) * (rng.random() if names is None else names))))

    def loose(self, calls, synced, rng):
        moves = [(i, sorted(self.keys(call))) for i, call in enumerate(calls) if call.name in MOVES]
        floors = collections.defaultdict(lambda: synced[None], synced)
        for _ in moves:  # a rename that is synced in one directory is so in the other, with what came before it there
            for i, keys in moves:
                if any(i < floors[key] for key in keys):
                    floors.update({key: max(floors[key], i + 1) for key in keys})
        cuts = {key: rng.randint(floors[key], len(calls))
                for key in sorted({key for call in calls for key in self.keys(call)})}
        for _ in moves:
            for i, keys in moves:
                if any(i >= cuts[key] for key in keys):
                    cuts.update({key: min(cuts[key], i) for key in keys})
        return {i for i, call in enumerate(calls) if all(i < cuts[key] for key in self.keys(call))}
