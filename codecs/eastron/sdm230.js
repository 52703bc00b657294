// Eastron SDM230-LoRaWAN, default report: serial number, fragment number, byte count, then five IEEE 754 single
// floats, big endian: total energy, voltage, current, power factor, frequency; and two check bytes.
// A meter set to another number of registers is refused: numbers without names mean nothing. Five others, or the
// same five in another order, cannot be told apart from the default. Layout: Eastron, SDM230-LoRaWAN protocol V1.0/1.1,
// seen second-hand in others' account of it.
function decodeUplink(input) {
  var bytes = input.bytes;

  function float(i) {
    var bits = ((bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3]) >>> 0;
    var exponent = (bits >>> 23) & 255;
    var fraction = bits & 0x7fffff;
    if (exponent === 255) return null;
    var size =
      exponent === 0 ? fraction * Math.pow(2, -149) : (fraction + 0x800000) * Math.pow(2, exponent - 150);
    return Number((bits >>> 31 ? -size : size).toPrecision(7));
  }

  if (!bytes || bytes.length !== 28)
    return {
      errors: ['The default report has 28 bytes; the payload has ' + (bytes ? bytes.length : 0) + '.'],
    };
  if (bytes[4] !== 1 || bytes[5] !== 20)
    return {
      errors: [
        'This is not the default report (fragment 1 with 20 bytes): the meter was set to other registers.',
      ],
    };
  var data = {
    serialNumber: ((bytes[0] * 256 + bytes[1]) * 256 + bytes[2]) * 256 + bytes[3],
    energy: float(6), // kWh
    voltage: float(10),
    current: float(14),
    powerFactor: float(18),
    frequency: float(22),
  };
  for (var name in data)
    if (data[name] === null) return { errors: ['The meter sent no number for ' + name + '.'] };
  return { data: data };
}
