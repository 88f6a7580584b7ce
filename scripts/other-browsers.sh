#!/usr/bin/env bash
# Opens the built page (dist/) in Firefox and in WebKitGTK and keeps pictures in target/page/. On Debian, as root or
# with both already installed. For the eye: look at the pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
need=$(for p in firefox-esr webkit2gtk-driver xvfb; do dpkg -s "$p" >/dev/null 2>&1 || echo "$p"; done)
if [ -n "$need" ]; then
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need
fi
cd tests/page
[ -d node_modules/playwright-core ] || npm ci --no-audit --no-fund
[ -d node_modules/puppeteer-core ] || npm install --no-save --no-audit --no-fund puppeteer-core@24
xvfb-run -a -s "-screen 0 1360x900x24" node other-browsers.mjs
