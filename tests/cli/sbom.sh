#!/bin/sh
# export --to cyclonedx and spdx: what stands in the documents, and that they follow from the lock
# alone. Where LOCKENV_SBOM_SCHEMAS names a folder with the published bom-1.6.schema.json, the files that
# it refers to, and spdx-schema.json (2.3), they are held against these too (python3 with jsonschema).
schemas=${LOCKENV_SBOM_SCHEMAS:-}
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
unset SOURCE_DATE_EPOCH

hash() {
	printf '      sha256: %s\n' "$(printf '%s' "$1" | sha256sum | cut -c 1-64)"
}
cat >env.lock <<END
# lockenv lock file. Review changes with: lockenv diff OLD NEW
version: 1
channels:
- name: conda-forge
  url: https://conda.anaconda.org/conda-forge
- name: nvidia/label/cuda-12.4.0
  url: https://conda.anaconda.org/nvidia/label/cuda-12.4.0
- name: private
  url: https://example.org/get/private
channel-priority: strict
exclude-newer: 2026-01-31T00:00:00Z
platforms:
  linux-64:
    specs:
    - app
    - tool
    solved-with:
      __glibc: 2.28=0
    packages:
    - name: _lib_x
      version: '0.1'
      build: main
      from: conda-forge/linux-64/_lib_x-0.1-main.tar.bz2
$(hash _lib_x)
      license: None
    - name: app
      version: 1!1.0+local
      build: h1_0
      from: private/linux-64/app-1!1.0+local-h1_0.conda
$(hash app)
      md5: b6d5d7f1c171cbd228ea06b556cfa859
      size: 21578
      license: mit or (Apache-2.0 and LicenseRef-Own)
      depends:
      - _lib_x
      - data >=1
      - tool
    - name: data
      version: '1'
      build: '0'
      from: conda-forge/noarch/data-1-0.conda
$(hash data)
      license: BSD 3-Clause
      depends:
      - _lib_x
    - name: tool
      version: '2'
      build: '0'
      from: nvidia/label/cuda-12.4.0/linux-64/tool-2-0.conda
$(hash tool)
      license: gpl-3.0-or-later
  osx-64:
    specs:
    - data
    solved-with: {}
    packages:
    - name: _lib_x
      version: '0.1'
      build: main
      from: conda-forge/osx-64/_lib_x-0.1-main.tar.bz2
$(hash osx)
      license: BSD 3 Clause
    - name: data
      version: '1'
      build: '0'
      from: conda-forge/noarch/data-1-0.conda
$(hash data)
      license: BSD 3-Clause
      depends:
      - _lib_x
END
runs 0 lockenv check env.lock

runs 0 lockenv export env.lock --to cyclonedx -o all.cdx.json
runs 0 lockenv export env.lock --to cyclonedx
same "$out" all.cdx.json
is 0 "$(grep -c warning "$err")"
json 'd["bomFormat"], d["specVersion"], d["version"]' "('CycloneDX', '1.6', 1)"
json 'd["metadata"]["component"]["name"], "timestamp" in d["metadata"]' "('env', False)"
json '[c["purl"] for c in d["components"]][1:3]' "['pkg:conda/_lib_x@0.1?build=main&channel=conda-forge&subdir=osx-64&type=tar.bz2', 'pkg:conda/app@1%211.0%2Blocal?build=h1_0&channel=https://example.org/get/private&subdir=linux-64&type=conda']"
json '[c["purl"] for c in d["components"]][4]' 'pkg:conda/tool@2?build=0&channel=nvidia/label/cuda-12.4.0&subdir=linux-64&type=conda'
json '[c["bom-ref"].split("/")[-2] + ":" + c["name"] for c in d["components"]]' \
	"['linux-64:_lib_x', 'osx-64:_lib_x', 'linux-64:app', 'noarch:data', 'linux-64:tool']"
json '[c.get("licenses", [{}])[0].get("expression") or c.get("licenses", [{"license": None}])[0].get("license") for c in d["components"]]' \
	"[None, {'name': 'BSD 3 Clause', 'acknowledgement': 'declared'}, 'MIT OR (Apache-2.0 AND LicenseRef-Own)', {'name': 'BSD 3-Clause', 'acknowledgement': 'declared'}, {'id': 'GPL-3.0-or-later', 'acknowledgement': 'declared'}]"
json '[[h["alg"] for h in c["hashes"]] for c in d["components"]][2]' "['MD5', 'SHA-256']"
json '[c["externalReferences"][0]["url"] for c in d["components"]][2]' \
	'https://example.org/get/private/linux-64/app-1!1.0+local-h1_0.conda'
json '{e["ref"].split("/")[-1]: [r.split("/")[-1] for r in e["dependsOn"]] for e in d["dependencies"]}["environment"]' \
	"['linux-64', 'osx-64']"
json '[(e["ref"], len(e["dependsOn"])) for e in d["dependencies"][:3]]' \
	"[('environment', 2), ('environment/linux-64', 2), ('environment/osx-64', 1)]"
# noarch: what it needs on either platform.
json '[e["dependsOn"] for e in d["dependencies"] if "data" in e["ref"]]' \
	"[['conda-forge/linux-64/_lib_x-0.1-main.tar.bz2', 'conda-forge/osx-64/_lib_x-0.1-main.tar.bz2']]"
json 'sorted(e["ref"] for e in d["dependencies"]) == sorted([c["bom-ref"] for c in d["components"]] + ["environment"] + [c["bom-ref"] for c in d["metadata"]["component"]["components"]])' True
json '[p["value"] for p in d["metadata"]["component"]["components"][0]["properties"]]' \
	"['app', 'tool', '__glibc=2.28=0']"

runs 0 lockenv export env.lock --to cyclonedx --platform osx-64 -o osx.cdx.json
cp osx.cdx.json "$out"
json 'len(d["components"]), d["dependencies"][0]["dependsOn"]' "(2, ['conda-forge/noarch/data-1-0.conda'])"
json '[p["value"] for p in d["metadata"]["component"]["properties"] if p["name"] == "lockenv:platform"]' "['osx-64']"
differ osx.cdx.json all.cdx.json

runs 0 lockenv export env.lock --to spdx -o all.spdx.json
err_has 'no place for what the lock says of: size'
cp all.spdx.json "$out"
json 'd["spdxVersion"], d["dataLicense"], d["SPDXID"]' "('SPDX-2.3', 'CC0-1.0', 'SPDXRef-DOCUMENT')"
json 'd["creationInfo"]["created"]' '2026-01-31T00:00:00Z'
json '[(p["name"], p["licenseDeclared"]) for p in d["packages"][3:]]' "[('_lib_x', 'NOASSERTION'), ('_lib_x', 'LicenseRef-conda-BSD-3-Clause'), ('app', 'MIT OR (Apache-2.0 AND LicenseRef-Own)'), ('data', 'LicenseRef-conda-BSD-3-Clause-2'), ('tool', 'GPL-3.0-or-later')]"
json '[(i["licenseId"], i["extractedText"]) for i in d["hasExtractedLicensingInfos"]]' "[('LicenseRef-Own', 'LicenseRef-Own'), ('LicenseRef-conda-BSD-3-Clause', 'BSD 3 Clause'), ('LicenseRef-conda-BSD-3-Clause-2', 'BSD 3-Clause')]"
json 'len(set(p["SPDXID"] for p in d["packages"])) == len(d["packages"])' True
json 'all(r[e] in [p["SPDXID"] for p in d["packages"]] + ["SPDXRef-DOCUMENT"] for r in d["relationships"] for e in ("spdxElementId", "relatedSpdxElement"))' True
json '[r["relatedSpdxElement"] for r in d["relationships"] if r["spdxElementId"].startswith("SPDXRef-Package-data")]' \
	"['SPDXRef-Package-lib-x-0.1-main-linux-64', 'SPDXRef-Package-lib-x-0.1-main-osx-64']"
json '[p["checksums"][0]["algorithm"] for p in d["packages"][3:]]' "['SHA256', 'SHA256', 'MD5', 'SHA256', 'SHA256']"
json '"spec: app" in d["packages"][1]["comment"]' True

# The same lock gives the same bytes; another lock, name or platform another identity.
for format in cyclonedx spdx; do
	runs 0 env TZ=Asia/Tokyo LC_ALL=C.UTF-8 lockenv export env.lock --to $format -o again.json --jobs 1
	case $format in
	cyclonedx) same again.json all.cdx.json ;;
	spdx) same again.json all.spdx.json ;;
	esac
	runs 0 env SOURCE_DATE_EPOCH=1700000000 lockenv export env.lock --to $format
	out_has '"2023-11-14T22:13:20Z"'
	runs 2 env SOURCE_DATE_EPOCH=yesterday lockenv export env.lock --to $format
	err_has SOURCE_DATE_EPOCH
done
identity() {
	"$python" -c 'import json, sys; d = json.load(open(sys.argv[1])); print(d.get("serialNumber", d.get("documentNamespace"))[-36:])' "$1"
}
is "$(identity all.cdx.json)" "$(identity all.spdx.json)"
[ "$(identity all.cdx.json)" != "$(identity osx.cdx.json)" ] || fail 'one identity for two documents'
identity all.cdx.json | grep -qE '^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' || fail 'no UUID'
sed 's/2\.28=0/2.34=0/' env.lock >other.lock
cp other.lock env.lock
runs 0 lockenv export env.lock --to cyclonedx -o other.cdx.json
[ "$(identity all.cdx.json)" != "$(identity other.cdx.json)" ] || fail 'one identity for two locks'

# Nothing in it, and text that JSON must escape.
solve -q -o empty.lock hello
sed -e '/^    packages:/,$d' -e '/^    - hello/d' -e 's/^    specs:/    specs: []/' empty.lock >none.lock
printf '    packages: []\n' >>none.lock
runs 0 lockenv export none.lock --to cyclonedx
json 'd["components"], len(d["dependencies"])' '([], 1)'
runs 0 lockenv export none.lock --to spdx
json 'len(d["packages"]), len(d["relationships"])' '(1, 1)'
json 'd["creationInfo"]["created"]' '1970-01-01T00:00:00Z'
sed 's/^      license: BSD 3-Clause/      license: "a \\"quoted\\" \\\\ text <b>"/' other.lock >quoted.lock
for format in cyclonedx spdx; do
	runs 0 lockenv export quoted.lock --to $format
	out_has 'a \"quoted\" \\ text <b>'
	json 'd is not None' True
done

# An environment, one of its records without a hash.
runs 0 lockenv install --fetch empty.lock -p prefix
meta=$(echo prefix/conda-meta/hello-*.json)
grep -v '"sha256": "[0-9a-f]*",$' "$meta" | grep -v '"md5"' >meta.json
cp meta.json "$meta"
runs 0 lockenv export -p prefix --to cyclonedx -o prefix.cdx.json
cp prefix.cdx.json "$out"
json '[(c["name"], "hashes" in c) for c in d["components"]]' "[('greeting', True), ('hello', False)]"
runs 0 lockenv export -p prefix --to spdx -o prefix.spdx.json
cp prefix.spdx.json "$out"
json '["checksums" in p for p in d["packages"]]' '[False, True, False]'

if [ -n "$schemas" ] && python3 -c 'import jsonschema, referencing' 2>/dev/null; then
	cat >validate.py <<'END'
import json, pathlib, sys
import jsonschema, referencing
folder = pathlib.Path(sys.argv[1])
base = "http://cyclonedx.org/schema/"  # what the one refers to, by the names of the files
parts = [(base + path.name, json.loads(path.read_text())) for path in folder.glob("*.json")]
registry = referencing.Registry().with_resources(
    (uri, referencing.Resource.from_contents(part)) for uri, part in parts)
validator = jsonschema.Draft7Validator(dict(parts)[base + sys.argv[2]], registry=registry)
for path in sys.argv[3:]:
    validator.validate(json.load(open(path)))
END
	runs 0 python3 validate.py "$schemas" bom-1.6.schema.json all.cdx.json osx.cdx.json other.cdx.json prefix.cdx.json
	runs 0 python3 validate.py "$schemas" spdx-schema.json all.spdx.json prefix.spdx.json
else
	part 'not held against the published schemas: LOCKENV_SBOM_SCHEMAS is not set, or python3 has no jsonschema'
fi
