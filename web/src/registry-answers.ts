/** The shapes of the registry's answers as the staff pages read them: devices, inbox, rules, groups, places to edit. Types only. */
import type { PlaceKind } from './answers.ts';

export type PowerSource = 'battery' | 'mains' | 'solar' | 'poe';

export interface Device {
  readonly id: number;
  readonly organisationId: number;
  readonly devEui: string;
  readonly state: 'waiting' | 'claimed' | 'retired';
  readonly name: string;
  readonly serial: string | null;
  readonly powerSource: PowerSource | null;
  readonly notes: string;
  readonly responsibleRoleId: number | null;
  readonly expectedIntervalS: number | null;
  readonly version: number;
  readonly codec: {
    readonly id: number;
    readonly key: string;
    readonly title: string;
    readonly quarantined: boolean;
    readonly number: number;
    readonly battery: { readonly fullV: number; readonly emptyV: number } | null;
  } | null;
  readonly place: { readonly id: number; readonly name: string; readonly from: string } | null;
  readonly heard: {
    readonly name: string | null;
    readonly profile: string | null;
    readonly tags: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly firstSeen: string;
    readonly lastSeen: string;
    readonly frames: number;
    readonly copies: number;
    readonly rejected: number;
    readonly batteryV: number | null;
    readonly batteryPercent: number | null;
    readonly rssi: number | null;
    readonly snr: number | null;
    readonly lastReason: string | null;
  } | null;
}

export interface DeliveryDay {
  readonly day: string;
  readonly frames: number;
  readonly lost: number;
  readonly longestGapS: number;
}

export interface DevicePage extends Device {
  readonly assignments: readonly {
    readonly id: number;
    readonly placeId: number;
    readonly placeName: string;
    readonly propertyKey: string | null;
    readonly channel: number | null;
    readonly from: string;
    readonly until: string | null;
    readonly replacesId: number | null;
  }[];
  readonly signal: readonly {
    readonly gatewayId: string;
    readonly name: string;
    readonly frames: number;
    readonly rssi: number | null;
    readonly snr: number | null;
    readonly lastDay: string;
  }[];
  readonly delivery: readonly DeliveryDay[];
}

export interface FrameReading {
  readonly property: string;
  readonly channel: number;
  readonly value: number | boolean | null;
  readonly unit: string;
  readonly phenomenonTime: string;
  readonly quality: number;
}

export interface Frame {
  readonly id: number;
  readonly networkTime: string;
  readonly fCnt: number | null;
  readonly fPort: number;
  readonly payload: string;
  readonly state: 'pending' | 'decoded' | 'rejected' | 'waiting' | 'merged';
  readonly reason: string | null;
  readonly copies: number;
  readonly gateways: readonly string[];
  readonly rssi: readonly (number | null)[];
  readonly lostBefore: number | null;
  readonly readings: readonly FrameReading[];
}

export interface PreviewFrame {
  readonly id: number;
  readonly networkTime: string;
  readonly fPort: number;
  readonly payload: string;
  readonly reason: string | null;
  readonly readings: readonly FrameReading[];
}

export interface InboxDevice {
  readonly id: number;
  readonly devEui: string;
  readonly heard: Device['heard'];
  readonly source: string | null;
  readonly lastSeen: string | null;
  readonly frames: number;
  readonly lastPayload: string | null;
  readonly lastFPort: number | null;
  readonly suggestedCodec: string | null;
}

export interface CodecChoice {
  readonly id: number;
  readonly organisationId: number;
  readonly key: string;
  readonly title: string;
  readonly vendor: string;
  readonly model: string;
  readonly origin: 'shipped' | 'imported' | 'written';
}

export interface ContactRole {
  readonly id: number;
  readonly name: string;
  readonly mailbox: string | null;
}

export type PlaceBy = 'reference' | 'path' | 'name';

export interface ClaimRuleFields {
  readonly name: string;
  readonly position: number;
  readonly profilePattern: string | null;
  readonly namePattern: string | null;
  readonly tagPatterns: Readonly<Record<string, string>>;
  readonly codec: string | null;
  readonly placeBy: PlaceBy | null;
  readonly placeTemplate: string | null;
  readonly nameTemplate: string | null;
  readonly automatic: boolean;
}

export interface ClaimRule extends ClaimRuleFields {
  readonly id: number;
  readonly version: number;
}

export interface PlannedDevice {
  readonly deviceId: number;
  readonly devEui: string;
  readonly heard: Device['heard'];
  readonly codec: string | null;
  readonly place: { readonly id: number; readonly name: string } | null;
  readonly name: string;
  readonly obstacles: readonly {
    readonly why: 'no-codec-rule' | 'no-place-rule' | 'no-codec' | 'no-place' | 'many-places';
    readonly text: string;
  }[];
}

export interface ClaimBatch {
  readonly id: number;
  readonly automatic: boolean;
  readonly createdAt: string;
  readonly undoneAt: string | null;
  readonly devices: number;
  readonly undone: number;
}

export interface UndoneBatch {
  readonly undone: number;
  readonly readings: number;
  readonly refused: readonly { readonly deviceId: number; readonly name: string }[];
}

export interface Group {
  readonly id: number;
  readonly siteId: number;
  readonly version: number;
  readonly years: readonly {
    readonly schoolYear: number;
    readonly name: string;
    readonly people: number | null;
  }[];
  readonly rooms: readonly {
    readonly placeId: number;
    readonly from: string;
    readonly until: string | null;
  }[];
}

export interface PlaceFields {
  readonly name: string;
  readonly kind: PlaceKind;
  readonly parentId: number | null;
  readonly description: string;
  readonly roomUse: string | null;
  readonly floor: string | null;
  readonly areaM2: number | null;
  readonly volumeM3: number | null;
  readonly ventilation: string;
  readonly ventilationM3H: number | null;
  readonly power: string | null;
  readonly position: readonly [number, number] | null;
  readonly externalRef: string | null;
}

export interface EditablePlace extends PlaceFields {
  readonly id: number;
  readonly version: number;
}
