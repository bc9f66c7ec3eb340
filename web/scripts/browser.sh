#!/bin/sh
# Make sure that the tests of the page have a browser: an installed one, else Playwright's, else Debian's.
# Only Debian's needs root.
set -eu
for browser in "${INKDIGITS_CHROMIUM:-}" chromium google-chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
  if [ -n "$browser" ] && command -v "$browser" > /dev/null; then exit 0; fi
done

# Playwright says nothing about missing shared libraries until the browser starts.
starts() {
  node -e 'require("@playwright/test").chromium.launch({ args: ["--no-sandbox"] }).then((b) => b.close(), () => process.exit(1))'
}

if starts; then exit 0; fi
echo "The tests of the page need a browser, and none is installed. Downloading Chromium with Playwright..."
if npx playwright install chromium && starts; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  echo "Playwright's Chromium cannot be used here. Installing Debian's package..."
  apt-get update -qq
  if apt-get install -y -qq --no-install-recommends chromium > /dev/null; then exit 0; fi
fi
cat >&2 << 'END'
No browser could be installed. Do one of these, then run the command again:
  - install Chromium or Google Chrome with your system's package manager
  - set INKDIGITS_CHROMIUM to the path of an installed Chromium or Chrome
  - run `npx playwright install --with-deps chromium` in web/ (it asks for root to install shared libraries)
END
exit 1
