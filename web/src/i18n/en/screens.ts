export const screens = {
  old: 'old',
  offline: 'No connection since {{time}}. These are the last values.',
  closed_title: 'This screen is closed',
  closed_text: 'Its link was withdrawn or has expired. Whoever looks after the room can make a new one.',
  missing_text: 'The address is not complete. Open the whole link, with everything that follows the #.',
  manage_title: 'Room screens',
  manage_about:
    'A link for a wall screen or a tablet in the room. It opens this room and nothing else, without signing in, and works until you withdraw it or for a year.',
  make: 'Make a link',
  label: 'Link for a screen in {{room}}',
  made: 'Made',
  until: 'Works until',
  none: 'No screen has a link to this room yet.',
  withdraw: 'Withdraw',
  withdraw_title: 'Withdraw this link?',
  withdraw_lost: 'Every screen that uses it closes within a minute.',
} as const;
