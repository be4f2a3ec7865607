#!/bin/sh
# Take the current set from a registry into a control directory, if its signature is good.
# usage: receive.sh REGISTRY/NAME:TAG CONTROL KEY.pub
set -eu

from=$1 control=$2 key=$3
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

skopeo copy --all --quiet "docker://$from" "oci:$fresh/control:current"
verdict verify --control "$fresh/control" --trust "$key"
skopeo copy --all --quiet "oci:$fresh/control:current" "oci:$control:current"
