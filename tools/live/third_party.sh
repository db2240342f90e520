#!/usr/bin/env bash
# Makes web/third_party from the npm registry: the two libraries that lay out what
# the page draws, each as one minified ES module, with its license. Run it to change
# a version; what it writes is committed, so that nobody else needs npm.
set -euo pipefail
cd "$(dirname "$0")"
out=$PWD/web/third_party
d3=d3-force@3.0.1         # the network: a force-directed layout
dagre=@dagrejs/dagre@3.1.3 # the state charts: a layered layout
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts "$d3" "$dagre" esbuild@0.28.2
rm -rf "$out" && mkdir -p "$out"

bundle() { # NAME, what it is, PACKAGES whose licenses hold
  local name=$1 what=$2
  shift 2
  npx esbuild --bundle --minify --format=esm --target=es2022 --legal-comments=none --log-level=warning "$name.in.js" --outfile=body.js
  {
    printf '/* %s: third-party code, made by third_party.sh. Its licenses are in %s.LICENSE.txt. */\n' "$what" "$name"
    cat body.js
  } >"$out/$name.js"
  for package in "$@"; do
    printf '%s\n\n' "$package@$(node -p "require('./node_modules/$package/package.json').version")"
    cat "node_modules/$package/LICENSE"
    printf '\n'
  done >"$out/$name.LICENSE.txt"
}

echo 'export { forceSimulation, forceManyBody, forceLink, forceX, forceY, forceCollide } from "d3-force"' >d3-force.in.js
bundle d3-force "$d3" d3-force d3-dispatch d3-quadtree d3-timer
echo 'export { layout, Graph } from "@dagrejs/dagre"' >dagre.in.js
bundle dagre "$dagre" @dagrejs/dagre @dagrejs/graphlib
wc -c "$out"/*
