/**
 * The only code of ours that runs inside the sandbox: what a vendor's script may expect of its surroundings
 * (clock, console, Buffer, atob) and the one function that calls it. It runs before the vendor's script and keeps
 * its own references, but what it returns is still treated as foreign. It never gets a function of the host.
 */

/** Evaluates to [run, arm, describe]; the host keeps these three and the codec cannot reach them. */
export const GUEST_SCRIPT = String.raw`(function () {
'use strict';
var parse = JSON.parse, stringify = JSON.stringify, isArray = Array.isArray, Text = String;
var apply = Reflect.apply, construct = Reflect.construct, cut = Text.prototype.slice, thenable = Promise;
var define = Object.defineProperty, Bytes = Uint8Array, fromCharCode = Text.fromCharCode;
var nowMs = 0, logs = [], kind = 0, entry, world = { exports: {} };

function give(name, value) {
  define(globalThis, name, { value: value, writable: true, enumerable: false, configurable: true });
}

// The clock stands at the time the frame was received.
var RealDate = Date;
function FrameDate() {
  if (new.target === undefined) return new RealDate(nowMs).toString();
  return construct(RealDate, arguments.length === 0 ? [nowMs] : arguments, new.target);
}
define(FrameDate, 'length', { value: 7 });
define(FrameDate, 'name', { value: 'Date' });
define(FrameDate, 'prototype', { value: RealDate.prototype, writable: false });
define(FrameDate, 'now', { value: function now() { return nowMs; }, writable: true, configurable: true });
define(FrameDate, 'parse', { value: RealDate.parse, writable: true, configurable: true });
define(FrameDate, 'UTC', { value: RealDate.UTC, writable: true, configurable: true });
define(RealDate.prototype, 'constructor', { value: FrameDate, writable: true, configurable: true });
give('Date', FrameDate);

// Chance repeats itself, for the same reason.
var seed = 0x9e3779b9;
define(Math, 'random', { value: function random() {
  seed ^= seed << 13; seed ^= seed >>> 17; seed ^= seed << 5;
  return (seed >>> 0) / 4294967296;
}, writable: true, configurable: true });

function short(text) { return text.length > 300 ? apply(cut, text, [0, 300]) : text; }
function say() {
  if (logs.length >= 40) return;
  var line = '';
  for (var i = 0; i < arguments.length && i < 8; i++) {
    var item = arguments[i], text;
    if (typeof item === 'object' && item !== null) { try { text = stringify(item); } catch (e) { text = '[object]'; } }
    else text = Text(item);
    line += (i > 0 ? ' ' : '') + short(text === undefined ? '' : '' + text);
  }
  logs[logs.length] = short(line);
}
var talk = { log: say, info: say, warn: say, error: say, debug: say, trace: say, assert: function () {}, table: say };
give('console', talk);
give('log', say);
give('module', world);
give('exports', world.exports);

var ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
function toBase64(bytes) {
  var out = '';
  for (var i = 0; i < bytes.length; i += 3) {
    var n = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
    out += ALPHABET[n >> 18] + ALPHABET[(n >> 12) & 63];
    out += i + 1 < bytes.length ? ALPHABET[(n >> 6) & 63] : '=';
    out += i + 2 < bytes.length ? ALPHABET[n & 63] : '=';
  }
  return out;
}
function fromBase64(text) {
  var out = [], n = 0, bits = 0;
  for (var i = 0; i < text.length; i++) {
    var c = text[i], at = ALPHABET.indexOf(c === '-' ? '+' : c === '_' ? '/' : c);
    if (at < 0) continue;
    n = ((n << 6) | at) & 0xffffff; bits += 6;
    if (bits >= 8) { bits -= 8; out[out.length] = (n >> bits) & 255; }
  }
  return out;
}
function latin(bytes) { var out = ''; for (var i = 0; i < bytes.length; i++) out += fromCharCode(bytes[i]); return out; }
function codes(text) { var out = []; for (var i = 0; i < text.length; i++) out[i] = text.charCodeAt(i) & 255; return out; }
give('atob', function atob(text) { return latin(fromBase64(Text(text))); });
give('btoa', function btoa(text) { return toBase64(codes(Text(text))); });

class Buffer extends Bytes {
  static from(source, encoding) {
    if (typeof source !== 'string') {
      return source instanceof ArrayBuffer ? new Buffer(source) : new Buffer(Bytes.from(source));
    }
    var bytes = [];
    if (encoding === 'hex') {
      for (var i = 0; i + 1 < source.length; i += 2) bytes[bytes.length] = parseInt(source.substr(i, 2), 16);
    } else if (encoding === 'base64') bytes = fromBase64(source);
    else if (encoding === 'ascii' || encoding === 'latin1' || encoding === 'binary') bytes = codes(source);
    else bytes = codes(unescape(encodeURIComponent(source)));
    return new Buffer(bytes);
  }
  static alloc(size, fill) { var b = new Buffer(size); if (fill) b.fill(fill); return b; }
  static isBuffer(value) { return value instanceof Buffer; }
  static concat(list) {
    var bytes = [];
    for (var i = 0; i < list.length; i++) for (var j = 0; j < list[i].length; j++) bytes[bytes.length] = list[i][j];
    return new Buffer(bytes);
  }
  slice(from, to) { return this.subarray(from, to); }
  toString(encoding, from, to) {
    var part = this.subarray(from || 0, to === undefined ? this.length : to);
    if (encoding === 'hex') {
      var out = '';
      for (var i = 0; i < part.length; i++) out += (part[i] < 16 ? '0' : '') + part[i].toString(16);
      return out;
    }
    if (encoding === 'base64') return toBase64(part);
    var text = latin(part);
    if (encoding === 'ascii' || encoding === 'latin1' || encoding === 'binary') return text;
    try { return decodeURIComponent(escape(text)); } catch (e) { return text; }
  }
  toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
  readUIntBE(at, size) { var n = 0; for (var i = 0; i < size; i++) n = n * 256 + this[at + i]; return n; }
  readUIntLE(at, size) { var n = 0; for (var i = size - 1; i >= 0; i--) n = n * 256 + this[at + i]; return n; }
  readIntBE(at, size) { var n = this.readUIntBE(at, size), top = Math.pow(2, 8 * size); return n >= top / 2 ? n - top : n; }
  readIntLE(at, size) { var n = this.readUIntLE(at, size), top = Math.pow(2, 8 * size); return n >= top / 2 ? n - top : n; }
}
[['Int8', 'Int8', 0], ['UInt8', 'Uint8', 0], ['Int16', 'Int16', 1], ['UInt16', 'Uint16', 1], ['Int32', 'Int32', 1],
 ['UInt32', 'Uint32', 1], ['Float', 'Float32', 1], ['Double', 'Float64', 1]].forEach(function (row) {
  (row[2] ? ['BE', 'LE'] : ['']).forEach(function (order) {
    function read(at) {
      return new DataView(this.buffer, this.byteOffset, this.byteLength)['get' + row[1]](at || 0, order === 'LE');
    }
    [row[0], row[1]].forEach(function (name) {
      define(Buffer.prototype, 'read' + name + order, { value: read, writable: true, configurable: true });
    });
  });
});
give('Buffer', Buffer);

function describe(error) {
  try {
    if (typeof error !== 'object' || error === null) return short(Text(error));
    var name = error.name, message = error.message;
    if (message === undefined && name === undefined) return short(Text(error));
    return short((name === undefined || name === 'Error' ? '' : short(Text(name)) + ': ') + short(Text(message)));
  } catch (e) {
    return 'An error that cannot be read.';
  }
}
// For a script that does not load: with the line, which is what its author needs.
function explain(error) {
  var line = '', at, stack;
  try {
    stack = error.stack;
    at = typeof stack === 'string' ? /codec\.js:(\d+)/.exec(stack) : null;
    if (at) line = ' (line ' + at[1] + ')';
  } catch (e) {}
  return describe(error) + line;
}

// The first of the four entry points that the script has, be it a global or an export.
var NAMES = ['decodeUplink', 'Decoder', 'Decode', 'decode'];
function arm(found) {
  for (var i = 0; i < 4; i++) if (typeof found[i] === 'function') { entry = found[i]; kind = i + 1; return 'ok'; }
  var exported = world.exports;
  if (typeof exported === 'function') {
    entry = exported; kind = 1;
    for (var j = 0; j < 4; j++) if (exported.name === NAMES[j]) kind = j + 1;
    return 'ok';
  }
  for (var k = 0; k < 4 && exported; k++) {
    if (typeof exported[NAMES[k]] === 'function') { entry = exported[NAMES[k]]; kind = k + 1; return 'ok'; }
  }
  return '';
}

// OS2iot hands its decoders the whole message of ChirpStack and the device as it is registered.
function message(bytes, fPort, devEui) {
  var time = new RealDate(nowMs).toISOString();
  return {
    deduplicationId: '', time: time, data: toBase64(bytes), fPort: fPort, devEUI: devEui, deviceEUI: devEui,
    deviceInfo: { devEui: devEui, deviceName: devEui, tags: {} },
    rxInfo: [{ gatewayId: '', nsTime: time, gwTime: time, time: time }], txInfo: {}, object: {}
  };
}
function device(devEui) {
  return {
    name: devEui, deviceEUI: devEui, comment: '', commentOnLocation: '', metadata: {},
    location: { type: 'Point', coordinates: [] }
  };
}

var none = [];
function list(value) {
  if (value === undefined || value === null || (isArray(value) && value.length === 0)) return none;
  var out = [];
  if (typeof value === 'string') value = [value];
  if (isArray(value)) for (var i = 0; i < value.length && i < 20; i++) out[i] = short(describe(value[i]));
  return out;
}
function tail(warnings) {
  return (warnings === none ? '' : ',"w":' + stringify(warnings)) + (logs.length === 0 ? '' : ',"l":' + stringify(logs)) + '}';
}
function refuse(errors, warnings) { return '{"e":' + stringify(errors) + tail(warnings); }

function call(bytes, fPort, devEui) {
  if (kind === 1) return entry({ bytes: bytes, fPort: fPort, recvTime: new RealDate(nowMs), variables: {} });
  if (kind === 2) return entry(bytes, fPort, {});
  if (kind === 3) return entry(fPort, bytes, {});
  return entry(message(bytes, fPort, devEui), device(devEui));
}

function run(text) {
  var input = parse(text), warnings = none, errors, result, data, json;
  nowMs = input[2];
  try {
    result = call(input[0], input[1], input[3]);
    if (result === undefined || result === null) return refuse(['The codec returned nothing.'], warnings);
    if (result instanceof thenable) return refuse(['The codec is asynchronous; its function must return the result itself.'], warnings);
    data = result;
    if (kind === 1) {
      warnings = list(result.warnings);
      errors = list(result.errors);
      if (errors.length > 0) return refuse(errors, warnings);
      data = result.data;
    }
    json = data === undefined || data === null ? undefined : stringify(data);
    if (json === undefined || json === 'null') return refuse(['The codec returned no data.'], warnings);
  } catch (error) {
    var why = describe(error);
    if (why === 'InternalError: out of memory') return '{"f":"memory"}';
    if (why === 'InternalError: stack overflow') return '{"f":"crash","r":"The codec calls itself too deeply."}';
    return refuse([why], warnings);
  }
  if (json.length > ${65_536}) return '{"f":"output"}';
  return '{"d":' + json + tail(warnings);
}
return [run, arm, explain];
})()`;

/** A script sees its own top-level names, const and let too; so this is evaluated beside the vendor's script. */
export const FIND_ENTRY = `[${['decodeUplink', 'Decoder', 'Decode', 'decode']
  .map((name) => `typeof ${name}==="function"?${name}:0`)
  .join(',')}]`;

/**
 * Some makers publish their codec as a module. Used only when a script does not compile as it is:
 * `export` means a syntax error in a script, so nothing that ran before changes its meaning.
 */
export function withoutExports(script: string): string {
  return script
    .replace(/^([ \t]*)export[ \t]*\{[^}]*\}[ \t]*;?/gm, '$1')
    .replace(
      /^([ \t]*)export[ \t]+default[ \t]+(?=(?:async[ \t]+)?(?:function[ \t]+|class[ \t]+)[A-Za-z_$])/gm,
      '$1',
    )
    .replace(/^([ \t]*)export[ \t]+default[ \t]+/gm, '$1module.exports = ')
    .replace(/^([ \t]*)export[ \t]+(?=(?:async[ \t]+)?(?:function|const|let|var|class)\b)/gm, '$1');
}
