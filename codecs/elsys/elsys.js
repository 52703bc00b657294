// Elsys sensors with the general payload (ERS, ERS CO2, EMS, ELT): records of one type byte, a value of fixed
// length (big endian) and, where the type byte's two upper bits say so, the age of the value in seconds.
// Values with an age come out under `history`; a settings report comes out as `settings` and holds no reading.
// Layout: Elsys, Sensor payload, as restated by the maker's own published decoders and by others who read it; the
// age after the value (0, 1, 2 or 4 bytes) and the types from 0x1d to 0x3c were seen second-hand only.
function decodeUplink(input) {
  var bytes = input.bytes;
  var at = 0;
  var data = {};
  var history = [];
  var warnings = [];

  function unsigned(length) {
    var value = 0;
    for (var i = 0; i < length; i++) value = value * 256 + bytes[at + i];
    return value;
  }
  function signed(length) {
    var value = unsigned(length);
    var range = Math.pow(256, length);
    return value >= range / 2 ? value - range : value;
  }
  function signedReversed(length, offset) {
    var value = 0;
    for (var i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + (offset || 0) + i];
    var range = Math.pow(256, length);
    return value >= range / 2 ? value - range : value;
  }
  function tenths() {
    return signed(2) / 10;
  }
  function one(name, read) {
    return function () {
      var field = {};
      field[name] = read();
      return field;
    };
  }
  function number(name, length) {
    return one(name, function () {
      return unsigned(length);
    });
  }
  function hex(from, to) {
    var text = '';
    for (var i = from; i < to; i++) text += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16);
    return text;
  }

  // type: [length of the value in bytes, reader]
  var TYPES = {
    0x01: [2, one('temperature', tenths)],
    0x02: [1, number('humidity', 1)],
    0x03: [
      3,
      function () {
        var x = signed(1);
        at += 1;
        var y = signed(1);
        at += 1;
        var z = signed(1);
        at -= 2;
        return { x: x, y: y, z: z }; // 63 is 1 g
      },
    ],
    0x04: [2, number('light', 2)],
    0x05: [1, number('motion', 1)],
    0x06: [2, number('co2', 2)],
    0x07: [2, number('vdd', 2)], // mV
    0x08: [2, number('analog1', 2)], // mV
    0x09: [
      6,
      function () {
        // The only numbers with the low byte first.
        return { latitude: signedReversed(3) / 10000, longitude: signedReversed(3, 3) / 10000 };
      },
    ],
    0x0a: [2, number('pulse1', 2)],
    0x0b: [4, number('pulseAbs', 4)],
    0x0c: [2, one('externalTemperature', tenths)],
    0x0d: [1, number('digital', 1)],
    0x0e: [2, number('distance', 2)], // mm
    0x0f: [1, number('accMotion', 1)],
    0x10: [
      4,
      function () {
        var internal = signed(2) / 10;
        at += 2;
        var external = signed(2) / 10;
        at -= 2;
        return { irInternalTemperature: internal, irExternalTemperature: external };
      },
    ],
    0x11: [1, number('occupancy', 1)], // 0 nobody, 1 pending, 2 somebody
    0x12: [1, number('waterleak', 1)],
    0x13: [65, null], // heat image of 8 x 8 points: a picture of people, not a reading
    0x14: [
      4,
      one('pressure', function () {
        return unsigned(4) / 1000; // hPa
      }),
    ],
    0x15: [
      2,
      function () {
        return { soundPeak: bytes[at], soundAvg: bytes[at + 1] };
      },
    ],
    0x16: [2, number('pulse2', 2)],
    0x17: [4, number('pulseAbs2', 4)],
    0x18: [2, number('analog2', 2)], // mV
    0x19: [2, one('externalTemperature2', tenths)],
    0x1a: [1, number('digital2', 1)],
    0x1b: [
      4,
      one('analogUv', function () {
        return signed(4); // microvolt
      }),
    ],
    0x1c: [2, number('tvoc', 2)], // ppb
    0x1d: [1, number('iaq', 1)],
    0x1e: [1, number('genericFlag', 1)],
    0x1f: [
      1,
      one('genericNumber8', function () {
        return signed(1);
      }),
    ],
    0x20: [
      2,
      one('genericNumber16', function () {
        return signed(2);
      }),
    ],
    0x21: [1, number('view', 1)],
    0x22: [2, one('setpoint', tenths)],
    0x23: [1, number('speed', 1)],
    0x24: [1, number('externalHumidity', 1)],
    0x3c: [4, null], // check sum
    0x3d: [4, null], // for the maker's service
  };
  var AGE_BYTES = [0, 1, 2, 4];

  function historyOf(secondsAgo) {
    for (var i = 0; i < history.length; i++) if (history[i].secondsAgo === secondsAgo) return history[i];
    history.push({ secondsAgo: secondsAgo });
    return history[history.length - 1];
  }
  function addTo(target, fields) {
    for (var name in fields) {
      // Several probes on one wire send type 0x19 once each, in the order of the wire's addresses.
      if (name === 'externalTemperature2') {
        var probe = 2;
        while (Object.prototype.hasOwnProperty.call(target, 'externalTemperature' + probe)) probe++;
        target['externalTemperature' + probe] = fields[name];
        continue;
      }
      if (Object.prototype.hasOwnProperty.call(target, name))
        warnings.push(name + ' came twice; the last value counts');
      target[name] = fields[name];
    }
  }

  if (!bytes || bytes.length === 0) return { errors: ['The payload is empty.'] };
  if (bytes[0] === 0x3e) return { data: { settings: hex(1, bytes.length) } };
  while (at < bytes.length) {
    var start = at;
    var type = bytes[at] & 0x3f;
    var ageBytes = AGE_BYTES[bytes[at] >> 6];
    var entry = TYPES[type];
    if (!entry) return { errors: ['Byte ' + start + ': type 0x' + hex(start, start + 1) + ' is not known.'] };
    at += 1;
    if (at + entry[0] + ageBytes > bytes.length)
      return {
        errors: ['Byte ' + start + ': the value of type 0x' + hex(start, start + 1) + ' is cut off.'],
      };
    var fields = entry[1] ? entry[1]() : {};
    at += entry[0];
    if (ageBytes > 0) addTo(historyOf(unsigned(ageBytes)), fields);
    else addTo(data, fields);
    at += ageBytes;
  }
  if (typeof data.waterleak === 'number') data.leak = data.waterleak > 0;
  if (history.length > 0) data.history = history;
  return { data: data, warnings: warnings };
}
