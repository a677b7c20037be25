/** Which disks, interfaces and mounts of a host count, told by their names alone: all that node_exporter's series say of them. */

/** Loops and memory posing as disks, and partitions (their disk is counted). */
const IGNORED_DISK = /^(z?ram|loop|fd|sr|(h|s|v|xv)d[a-z]+|(nvme\d+n|mmcblk|nbd)\d+p)\d+$/;
/** Built on other disks: shown, but left out of sums, or every byte would count twice. */
const STACKED_DISK = /^(dm-|md|bcache|drbd)/;
/** Loopback, and the host's ends of containers' and virtual machines' wires: one each, coming and going with them. */
const IGNORED_INTERFACE = /^(lo$|veth|cali|lxc|fwbr|fwln|fwpr|tap)/;
/** Bridges, bonds, tunnels and VLANs: what they carry goes through a physical interface too. */
const VIRTUAL_INTERFACE =
  /^(bond|team|br-|br\d|bridge|docker|podman|cni|flannel|cilium|kube|nodelocaldns|virbr|vmbr|lxdbr|ovs|vxlan|geneve|gre|erspan|sit|ip6?tnl|ip6gre|ip6?_vti|tunl|tun|wg|tailscale|zt|ppp|dummy|ifb|nlmon|macv|ipvlan|vlan)|\.\d+$/;
const NO_STORAGE = new Set(
  (
    'autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs erofs fuse.gvfsd-fuse fuse.lxcfs ' +
    'fuse.portal fuse.snapfuse fusectl hugetlbfs iso9660 mqueue nsfs overlay proc procfs pstore ramfs rootfs ' +
    'rpc_pipefs securityfs selinuxfs squashfs sysfs tmpfs tracefs'
  ).split(' '),
);
const IGNORED_FOLDERS = ['/dev', '/proc', '/sys', '/run/credentials', '/var/lib/docker', '/var/lib/containers/storage'];
/** Single files that container engines mount from the host. */
const IGNORED_MOUNTPOINTS = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/termination-log']);

export function isIgnoredDisk(device: string): boolean {
  return device === '' || IGNORED_DISK.test(device) || /^z?ram\d/.test(device);
}

export function isStackedDisk(device: string): boolean {
  return STACKED_DISK.test(device);
}

export function isIgnoredInterface(device: string): boolean {
  return IGNORED_INTERFACE.test(device);
}

export function isVirtualInterface(device: string): boolean {
  return VIRTUAL_INTERFACE.test(device);
}

/** Whether a mount holds data; an overlay only as a container's `/`. */
export function isStorage(fstype: string, mountpoint: string): boolean {
  if (NO_STORAGE.has(fstype) && !(fstype === 'overlay' && mountpoint === '/')) return false;
  return (
    !IGNORED_MOUNTPOINTS.has(mountpoint) &&
    !IGNORED_FOLDERS.some((folder) => mountpoint === folder || mountpoint.startsWith(`${folder}/`))
  );
}
