#!/bin/sh
# mkchannel: a mistake in a fixture is told where it stands, and nothing is packed.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v mkchannel >/dev/null || skip 'mkchannel is not built'

# refused WHERE TEXT, the family on standard input.
refused() {
	cat >family.yml
	last='mkchannel --out packed family.yml'
	if mkchannel --out packed family.yml >"$out" 2>"$err"; then
		fail 'mkchannel took it'
	fi
	err_has "mkchannel: family.yml:$1: $2"
	absent packed/noarch/repodata.json
}
package="packages:
- {name: a, version: '1', build: '0', subdir: noarch"
refused 2:63 "'noarch' must be python or generic" <<END
$package, noarch: pyhton}
END
refused 2:64 "unknown key 'dependz'" <<END
$package, dependz: [b]}
END
refused 2:65 "no variable 'py'" <<END
$package, depends: [b \$(py)]}
END
refused 2:62 "no table 'pythons'" <<END
$package, each: [pythons]}
END
refused 2:63 "'number' must be a number" <<END
$package, number: one}
END
refused 1:1 "no list 'packages'" <<END
tables: {}
END
refused 2:3 'name, version, build or subdir is missing or bad' <<END
packages:
- {name: a b, version: '1', build: '0', subdir: noarch}
END

# What is right is packed, twice the same bytes.
printf '%s, track_features: [one, two]}\n' "$package" >family.yml
mkchannel --out packed family.yml >"$out"
out_is '1 packages in packed'
mkchannel --out again family.yml >"$out"
is "$(digest packed)" "$(digest again)"
has packed/noarch/repodata.json '"track_features": "one two"'
