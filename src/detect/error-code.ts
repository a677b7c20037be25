/** How the usual runtimes and servers say in words what has a code. The more special ones first. */
const SAID: readonly (readonly [code: string, words: RegExp])[] = [
  ['EADDRINUSE', /address (is )?already in use|port is already allocated/i],
  ['EMFILE', /too many open files/i],
  ['ENOSPC', /no space left on device|disk (is )?full/i],
  ['EROFS', /read-only file ?system/i],
  ['EDQUOT', /disk quota exceeded/i],
  ['ENOMEM', /cannot allocate memory|out of memory|heap out of memory/i],
  ['53300', /too many (clients|connections)|remaining connection slots|connection limit exceeded/i],
  ['28P01', /password authentication failed|access denied for user/i],
  ['NOAUTH', /authentication required/i],
  ['WRONGPASS', /invalid username-password pair|invalid password/i],
  ['CERT_HAS_EXPIRED', /certificate (has|is) expired|expired certificate|certificate is not yet valid/i],
  ['EAI_AGAIN', /temporary failure in name resolution|(could not|cannot|failed to) resolve (host|name)|no such host/i],
  ['ECONNREFUSED', /connection (was )?refused/i],
  ['ECONNRESET', /connection (was )?reset/i],
  ['EPIPE', /broken pipe/i],
  ['EHOSTUNREACH', /no route to host|host is unreachable/i],
  ['ENETUNREACH', /network (is )?unreachable/i],
  ['ETIMEDOUT', /connection timed out|operation timed out|i\/o timeout|upstream timed out/i],
  ['EACCES', /permission denied/i],
  [
    'configuration',
    /\b(is|are|was|were) not (set|configured)\b|(missing|unset|undefined|invalid) (required )?(environment|env|configuration|config|setting)|\brequired (environment|setting|option)|(invalid|bad|unknown|unrecogni[sz]ed) (configuration|config|directive|option|setting|parameter)|configuration (file )?.{0,80}(test failed|invalid|error)/i,
  ],
  ['ENOENT', /no such file or directory/i],
];
/** Codes as they are written: of the system, of name resolution, of Redis, of TLS, SQLSTATE beside its word. */
const WRITTEN =
  /\b(E(?:ACCES|ADDRINUSE|ADDRNOTAVAIL|AGAIN|CONNABORTED|CONNREFUSED|CONNRESET|DQUOT|EXIST|HOSTDOWN|HOSTUNREACH|INVAL|IO|ISDIR|MFILE|NETDOWN|NETUNREACH|NFILE|NOBUFS|NODEV|NOENT|NOMEM|NOSPC|NOTCONN|NOTDIR|NOTEMPTY|NOTFOUND|NXIO|PERM|PIPE|PROTO|ROFS|SRCH|TIMEDOUT|TXTBSY)|EAI_[A-Z]+|NOAUTH|WRONGPASS|NOPERM|MISCONF|READONLY|CLUSTERDOWN|MASTERDOWN|LOADING|CERT_[A-Z_]+|ERR_(?:SSL|TLS)_[A-Z_]+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_[A-Z_]+)\b|SQLSTATE[ :=[(]{1,3}([0-9A-Z]{5})\b/;
const CODE = /^[A-Z0-9][A-Z0-9_]{2,40}$/;
const LOOKED_AT = 2_000;

/**
 * The code by which an error is known to everybody, given or read out of its words; `configuration` for a setting that is missing or wrong; '' where there is
 * none. So that two programs, languages or libraries that meet the same trouble say the same. O(length), bounded.
 */
export function errorCodeOf(code: string, message: string): string {
  const text = message.slice(0, LOOKED_AT);
  const [, plain, state] = WRITTEN.exec(text) ?? [];
  if (CODE.test(code) && !/^\d{3}$/.test(code)) return code;
  return plain ?? state ?? SAID.find(([, words]) => words.test(text))?.[0] ?? '';
}
