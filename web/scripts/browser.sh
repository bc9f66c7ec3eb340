#!/bin/sh
# Finds a browser for the tests: one that is here, else Debian's, else the one that Playwright brings.
set -eu
for browser in "${INKDIGITS_CHROMIUM:-}" chromium google-chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
  if [ -n "$browser" ] && command -v "$browser" > /dev/null; then exit 0; fi
done
echo "The page is tested in a real browser, and there is none: getting Chromium, once."
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  apt-get update -qq
  if apt-get install -y -qq --no-install-recommends chromium > /dev/null; then exit 0; fi
fi
npx playwright install chromium
