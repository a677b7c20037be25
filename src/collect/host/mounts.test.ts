import { expect, test } from 'vitest';
import { parseMounts } from './mounts.ts';
import { Scratch } from './proc-file.ts';

function mounts(...lines: string[]) {
  const scratch = new Scratch();
  scratch.length = scratch.bytes.write(`${lines.join('\n')}\n`);
  return parseMounts(scratch);
}

const ROOT = '27 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw';

test('memory, images and kernel file systems are left out', () => {
  const found = mounts(
    ROOT,
    '22 27 0:21 / /proc rw - proc proc rw',
    '30 27 0:30 / /run rw - tmpfs tmpfs rw',
    '31 27 7:0 / /snap/core/1 ro - squashfs /dev/loop0 ro',
    '32 27 0:40 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw',
    '33 27 7:1 / /mnt/image ro - ext4 /dev/loop1 ro',
  );
  expect(found.map((m) => m.mountpoint)).toEqual(['/']);
});

test('a loop device that is written to is a disk like any other', () => {
  expect(mounts(ROOT, '33 27 7:1 / /mnt/data rw - ext4 /dev/loop1 rw').map((m) => m.mountpoint)).toEqual([
    '/',
    '/mnt/data',
  ]);
});

test('of several mounts of one device the shortest path stands for all', () => {
  const found = mounts(
    '40 27 8:1 /srv /var/www/deep/bind rw - xfs /dev/sda1 rw',
    '41 27 8:1 / /data rw - xfs /dev/sda1 rw',
    '42 27 0:50 /@ / rw - btrfs /dev/sdb1 rw',
    '43 27 0:51 /@home /home rw - btrfs /dev/sdb1 rw',
  );
  expect(found.map((m) => m.mountpoint).sort()).toEqual(['/', '/data']);
});

test('in a container its overlay root counts, single files from the host do not', () => {
  const found = mounts(
    '1 0 0:60 / / rw - overlay overlay rw,lowerdir=/a',
    '2 1 254:1 /c/hosts /etc/hosts rw - ext4 /dev/vda1 rw',
    '3 1 254:1 /c/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw',
  );
  expect(found).toEqual([{ device: 'overlay', mountpoint: '/', fstype: 'overlay', readonly: false, mayHang: false }]);
});

test('a share may hang, and so may a disk mounted below it', () => {
  const found = mounts(
    ROOT,
    '50 27 0:70 / /srv/share rw - nfs4 nas:/export rw',
    '51 50 8:17 / /srv/share/disk rw - ext4 /dev/sdb1 rw',
  );
  expect(Object.fromEntries(found.map((m) => [m.mountpoint, m.mayHang]))).toEqual({
    '/': false,
    '/srv/share': true,
    '/srv/share/disk': true,
  });
});

test('optional fields, spaces and read-only mounts are understood; garbage is passed over', () => {
  const found = mounts(
    'garbage',
    '',
    '60 27 8:33 / /mnt/my\\040disk ro,noatime shared:1 master:2 - ext4 /dev/sdc1 ro,errors=continue',
    '61 27 8:34 / /mnt/cut rw',
  );
  expect(found).toEqual([
    { device: '/dev/sdc1', mountpoint: '/mnt/my disk', fstype: 'ext4', readonly: true, mayHang: false },
  ]);
});
