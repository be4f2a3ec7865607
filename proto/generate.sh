#!/bin/sh
# Generate the C code for every message into DIR (laid out like Sources/CVerdictProto).
# usage: generate.sh DIR
#
# protobuf-c gives `string` fields as C strings, which end at the first NUL: an id `a\0b` would
# be looked up as `a`. So the C code is made from a copy in which each `string` field is `bytes`.
# The bytes on the wire are the same, and the server sees and checks all of them.
set -eu

proto=$(dirname "$0")
out=$1
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

mkdir -p "$out/include"
for file in verdict/v1/verdict.proto verdict/v1/inspection.proto grpc/health/v1/health.proto \
  envoy/service/auth/v3/external_auth.proto; do
  sed -E -e '/^ *\/\//!s/^( *(repeated )?)string ([a-z_0-9]+ = [0-9]+;)/\1bytes \3/' \
    -e 's/^import "verdict\/v1\//import "/' \
    "$proto/$file" > "$copy/$(basename "$file")"
done
if grep -nE '^ *(repeated |optional |map<)?string\b' "$copy"/*.proto; then
  echo "generate.sh: the lines above still hold a \`string\`" >&2
  exit 1
fi
protoc-c --proto_path="$copy" --c_out="$copy" "$copy"/*.proto
for code in "$copy"/*.pb-c.c; do cp "$code" "$out/"; done
for header in "$copy"/*.pb-c.h; do cp "$header" "$out/include/"; done
