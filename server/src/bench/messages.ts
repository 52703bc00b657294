/** Messages of the benchmark's devices. Imports nothing: the thread that publishes them is to be light. */

/** When the first one is heard. */
export const START_MS = Date.UTC(2026, 0, 5);
/** Between two messages of the town: 200 devices every ten minutes would be 3 s. */
export const STEP_MS = 3_000;

export const toEui = (device: number): string => `a81758fffe${device.toString(16).padStart(6, '0')}`;

const toHex = (value: number) => value.toString(16).padStart(4, '0');

/** A message to the letter as ChirpStack v4 publishes it, two gateways, temperature, humidity, light and CO2. */
export function toMessage(n: number, devices: number): string {
  const device = n % devices;
  const payload = `01${toHex(200 + (n % 50))}02${(30 + (n % 30)).toString(16)}04${toHex(n % 900)}06${toHex(400 + (n % 1200))}`;
  const time = `${new Date(START_MS + n * STEP_MS).toISOString().slice(0, -1)}123+00:00`;
  return (
    `{"deduplicationId":"3ac7e3c4-4401-4b8d-9386-${n.toString(16).padStart(12, '0')}","time":"${time}","deviceInfo":{"tenantId":"52f14cd4-c6f1-4fbd-8f87-4025e1d49242",` +
    `"tenantName":"City","applicationId":"17c82e96-be03-4f38-aef3-f83d48582d97","applicationName":"air","deviceProfileId":"14855bf7-d10d-4aee-b618-ebfcb64dc7ad",` +
    `"deviceProfileName":"ERS CO2","deviceName":"room-${device}","devEui":"${toEui(device)}","deviceClassEnabled":"CLASS_A","tags":{}},"devAddr":"${(0x26010000 + device).toString(16)}",` +
    `"adr":true,"dr":5,"fCnt":${Math.floor(n / devices) + 1},"fPort":5,"confirmed":false,"data":"${Buffer.from(payload, 'hex').toString('base64')}",` +
    `"rxInfo":[{"gatewayId":"0016c001f153a1${(10 + (device % 10)).toString(16)}","uplinkId":${n},"nsTime":"${time}","rssi":${-60 - (n % 50)},"snr":${(n % 20) - 8},"channel":6,` +
    `"location":{"latitude":52.1,"longitude":5.3},"context":"E3OWOQ==","metadata":{"region_common_name":"EU868"},"crcStatus":"CRC_OK"},` +
    `{"gatewayId":"0016c001f153a1${(30 + (device % 7)).toString(16)}","uplinkId":7,"rssi":-101,"snr":-9.5,"context":"AAAAAA==","crcStatus":"CRC_OK"}],` +
    `"txInfo":{"frequency":867100000,"modulation":{"lora":{"bandwidth":125000,"spreadingFactor":7,"codeRate":"CR_4_5"}}},"regionConfigId":"eu868"}`
  );
}
