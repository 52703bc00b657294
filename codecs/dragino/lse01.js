// Dragino LSE01: soil moisture, soil temperature and soil conductivity. Eleven bytes, big endian: battery,
// a reserved temperature, moisture, temperature, conductivity, flags. Temperatures are two's complement
// (the manual's example of -1.29 for FF7E subtracts FFFF and is one hundredth off). Flags: bit 7 raw mode, bits 3-0
// interrupt. Layout: the maker's manual (2.3) and its published decoders up to 1.2.1.
function decodeUplink(input) {
  var bytes = input.bytes;

  function u16(i) {
    return bytes[i] * 256 + bytes[i + 1];
  }
  function hundredths(i) {
    var value = u16(i);
    return (value >= 32768 ? value - 65536 : value) / 100;
  }

  if (!bytes || bytes.length !== 11)
    return { errors: ['A report has 11 bytes; the payload has ' + (bytes ? bytes.length : 0) + '.'] };
  if (bytes[10] & 0x80)
    return { errors: ['The sensor is in raw mode: its values are not moisture and conductivity.'] };
  return {
    data: {
      batteryVoltage: (u16(0) & 0x3fff) / 1000,
      soilMoisture: u16(4) / 100,
      soilTemperature: hundredths(6),
      soilConductivity: u16(8),
      interrupt: (bytes[10] & 0x0f) !== 0,
    },
  };
}
