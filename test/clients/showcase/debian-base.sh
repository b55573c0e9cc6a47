#!/usr/bin/env bash
# debian-base.sh FILE: the root file system of a small Debian as a tar, made of packages that are installed on this machine: no download.
set -euo pipefail
seeds=(base-files base-passwd bash dash coreutils passwd util-linux sed grep tar gzip diffutils findutils debianutils mawk libc-bin dpkg apt wget libcap2-bin)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Each with what it depends on, as far as it is installed; without perl and what only asks questions or guards.
skipped='^(perl-base|perl|debconf|adduser|libpam-.*|install-info|util-linux-extra|debian-archive-keyring|ca-certificates|openssl|gcc-.*-base|init-system-helpers|sysvinit-utils|login)$'
dpkg-query -W -f='${db:Status-Abbrev}${Package}\t${Pre-Depends}, ${Depends}\n' | sed -n 's/^ii //p' >"$work/depends"
printf '%s\n' "${seeds[@]}" >"$work/names"
while
  before=$(wc -l <"$work/names")
  awk -F'\t' 'NR == FNR { wanted[$1]; next } $1 in wanted { print $2 }' "$work/names" "$work/depends" |
    tr ',|' '\n\n' | sed -E 's/ *\(.*//; s/:any//; s/^ +//; s/ +$//' | grep -vE "$skipped|^$" >>"$work/names" || true
  sort -u "$work/names" -o "$work/names"
  awk -F'\t' 'NR == FNR { there[$1]; next } $1 in there' "$work/depends" "$work/names" >"$work/there" && mv "$work/there" "$work/names"
  [ "$(wc -l <"$work/names")" != "$before" ]
do :; done

root=$work/root
mkdir -p "$root"/{dev,proc,sys,tmp,run,var/lib/dpkg/info,var/lib/dpkg/updates,var/lib/apt/lists/partial,var/cache/apt/archives/partial,var/tmp,root,home,opt,srv,mnt,media,var/log/apt,usr/local/bin,usr/src,etc/alternatives,etc/apt/{apt.conf.d,preferences.d,sources.list.d}}
mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
ln -s mawk "$root/usr/bin/awk"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
xargs dpkg -L <"$work/names" | grep -vE '^/usr/share/(doc|man|info|locale|bash-completion|lintian|bug|menu|i18n|common-licenses|gdb)(/|$)|^/(var|tmp|run|home|root)/|^/usr/lib/.*/(gconv|audit)/|^/etc/(cron|systemd|pam.d)|^/lib/systemd/' | sort -u |
  while IFS= read -r path; do if [ -f "$path" ] || [ -L "$path" ]; then echo "$path"; fi; done |
  sed -E 's#^/(bin|sbin|lib|lib64)/#/usr/\1/#; s#^/##' | sort -u >"$work/files"
tar -C / -cf - --no-recursion -T "$work/files" | tar -C "$root" --keep-directory-symlink -xpf -
cp /usr/share/base-passwd/passwd.master "$root/etc/passwd"
cp /usr/share/base-passwd/group.master "$root/etc/group"
sed 's/:.*/:*:19000:0:99999:7:::/' "$root/etc/passwd" >"$root/etc/shadow"
sed 's/:.*/:*::/' "$root/etc/group" >"$root/etc/gshadow"
chgrp shadow "$root"/etc/{g,}shadow
chmod 640 "$root"/etc/{g,}shadow
awk 'NR == FNR { wanted[$1]; next } /^Package: / { keep = $2 in wanted } keep' "$work/names" /var/lib/dpkg/status |
  sed -E '/^(Pre-)?Depends:|^Recommends:|^Suggests:|^Conffiles:|^ /d' >"$root/var/lib/dpkg/status"
: >"$root/var/lib/dpkg/available"
while read -r name; do
  for list in /var/lib/dpkg/info/"$name".list /var/lib/dpkg/info/"$name":*.list; do if [ -f "$list" ]; then cp "$list" "$root/var/lib/dpkg/info/"; fi; done
done <"$work/names"
cat >"$root/etc/apt/apt.conf.d/docker" <<'CONF'
Acquire::Languages "none";
APT::Sandbox::User "root";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONF
rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 700 "$root/root"
tar -C "$root" --sort=name --mtime=@1000000000 --numeric-owner -cf "$1" .
