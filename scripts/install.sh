# Sourced by the commands: installs what package-lock.json names, once.
command -v npm > /dev/null || { echo 'This needs Node.js 20 or newer with npm.' >&2; exit 1; }
if ! cmp -s package-lock.json node_modules/.installed-lock; then
  echo 'installing…' >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json node_modules/.installed-lock
fi

