import type { Profile, ProfileChange } from "../src/lib/profiles/api";

export const TOKEN = "t".repeat(43);

/** A profile as the API returns it: two samples of a 4 were added, then another. */
export const PROFILE: Profile = {
  id: "0123456789abcdef".repeat(2),
  name: "Ada",
  created: "2026-11-30T10:00:00+00:00",
  consent: { version: 1, time: "2026-11-30T10:00:00+00:00" },
  version: 2,
  samples: 3,
  by_digit: [0, 0, 0, 0, 3, 0, 0, 0, 0, 0],
  max_samples: 1000,
  versions: [
    {
      number: 1,
      time: "2026-11-30T10:01:00+00:00",
      action: "add",
      added: 2,
      removed: 0,
      samples: 2,
    },
    {
      number: 2,
      time: "2026-11-30T10:02:00+00:00",
      action: "add",
      added: 1,
      removed: 0,
      samples: 3,
    },
  ],
};

/** What adding a sample changed, as the API returns it: a 4 that was a 9 before. */
export const CHANGE: ProfileChange = {
  version: 2,
  samples: [
    {
      id: "a".repeat(32),
      label: 4,
      before: { digit: 9, confidence: 0.8 },
      after: { digit: 4, confidence: 0.97 },
    },
  ],
  personal_model: {
    model: { name: "m", digest: "0".repeat(64) },
    strength: 1,
    others_before: 0.99,
    others_after: 0.989,
  },
  profile: PROFILE,
};
