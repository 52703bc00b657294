// Decentlab DL-IAM: indoor ambience with CO2. Protocol 2: version, device id, flags that say which of the seven
// sensors follow, then their 16-bit big endian words with the scalings of the maker's datasheet and of its
// published decoder (decentlab/decentlab-decoders, DL-IAM), with which both examples there agree.
function decodeUplink(input) {
  var bytes = input.bytes;

  function round(value, decimals) {
    var scale = Math.pow(10, decimals);
    return Math.round(value * scale) / scale;
  }

  // In the order of the flag bits: [words, reader of the words]
  var SENSORS = [
    [
      1,
      function (w) {
        return { batteryVoltage: w[0] / 1000 };
      },
    ],
    [
      2,
      function (w) {
        return {
          temperature: round((175 * w[0]) / 65535 - 45, 2),
          humidity: round((100 * w[1]) / 65535, 2),
        };
      },
    ],
    [
      1,
      function (w) {
        return { pressure: (w[0] * 2) / 100 }; // hPa
      },
    ],
    [
      2,
      function (w) {
        var lux = Math.max(w[0] - 1.64 * w[1], 0.59 * w[0] - 0.86 * w[1], 0) * 1.5504;
        return { illuminance: round(lux, 1) };
      },
    ],
    [
      3,
      function (w) {
        return { co2: w[0] - 32768, co2Status: w[1], co2RawInfrared: w[2] };
      },
    ],
    [
      1,
      function (w) {
        return { activity: w[0] };
      },
    ],
    [
      1,
      function (w) {
        return { tvoc: w[0] }; // ppb
      },
    ],
  ];

  if (!bytes || bytes.length < 5) return { errors: ['The payload is shorter than its header.'] };
  if (bytes[0] !== 2) return { errors: ['Protocol version ' + bytes[0] + ' is not known.'] };
  var flags = bytes[3] * 256 + bytes[4];
  if (flags >> SENSORS.length) return { errors: ['The flags name a sensor that is not known.'] };
  var data = { deviceId: bytes[1] * 256 + bytes[2] };
  var warnings = [];
  var at = 5;
  for (var s = 0; s < SENSORS.length; s++) {
    if (!((flags >> s) & 1)) continue;
    var words = [];
    for (var i = 0; i < SENSORS[s][0]; i++, at += 2) words.push(bytes[at] * 256 + bytes[at + 1]);
    if (at > bytes.length) return { errors: ['The payload ends within sensor ' + s + '.'] };
    var fields = SENSORS[s][1](words);
    for (var name in fields) data[name] = fields[name];
  }
  if (at !== bytes.length) return { errors: [bytes.length - at + ' bytes are left over.'] };
  if (data.co2Status)
    warnings.push('The CO2 sensor reports status ' + data.co2Status + '; see the datasheet.');
  return { data: data, warnings: warnings };
}
