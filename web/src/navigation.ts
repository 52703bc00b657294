/**
 * The main menu as a table. A page adds its row here when it exists (a menu never leads to an empty page);
 * `staff` rows are shown to people with a role in the organisation.
 */
export const NAVIGATION = [
  { to: '/', text: 'nav_map', staff: false },
  { to: '/places', text: 'nav_places', staff: false },
  { to: '/inbox', text: 'nav_inbox', staff: true },
  { to: '/devices', text: 'nav_devices', staff: true },
  { to: '/sources', text: 'nav_sources', staff: true },
  { to: '/codecs', text: 'nav_codecs', staff: true },
  { to: '/files', text: 'nav_files', staff: true },
  { to: '/settings', text: 'nav_settings', staff: true },
] as const satisfies readonly {
  readonly to: string;
  readonly text: `nav_${string}`;
  readonly staff: boolean;
}[];
