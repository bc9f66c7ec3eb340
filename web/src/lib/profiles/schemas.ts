/** Schemas of the API's responses about profiles. Each is validated before the page uses it.
 *
 * `api.test.ts` does not compile if these schemas and the OpenAPI document disagree.
 */

import * as v from "valibot";
import {
  CountSchema,
  DigitSchema,
  ModelNameSchema,
  NameSchema,
  ProbabilitySchema,
  SeenSchema,
} from "../api/responses";

const MAX_TEXT = 10_000;
const MAX_SAMPLES = 10_000;
const MAX_STROKES = 200;
const MAX_POINTS = 10_000;

const IdSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const TimeSchema = v.pipe(
  v.string(),
  v.maxLength(40),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);
const list = <Item extends v.GenericSchema>(item: Item, max = MAX_SAMPLES) =>
  v.pipe(v.array(item), v.maxLength(max));
const FiniteSchema = v.pipe(v.number(), v.finite());

export const ConsentSchema = v.object({
  version: CountSchema,
  text: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_TEXT)),
});

export const ProfileSchema = v.object({
  id: IdSchema,
  name: NameSchema,
  created: TimeSchema,
  consent: v.object({ version: CountSchema, time: TimeSchema }),
  version: CountSchema,
  samples: CountSchema,
  by_digit: v.pipe(v.array(CountSchema), v.length(10)),
  max_samples: CountSchema,
  versions: list(
    v.object({
      number: CountSchema,
      time: TimeSchema,
      action: v.picklist(["add", "remove", "undo", "import"]),
      added: CountSchema,
      removed: CountSchema,
      samples: CountSchema,
    }),
    100_000,
  ),
});

const TokenSchema = v.pipe(v.string(), v.minLength(32), v.maxLength(256));
export const ProfileTokenSchema = v.object({ token: TokenSchema });
export const CreatedProfileSchema = v.object({ ...ProfileSchema.entries, token: TokenSchema });

export const SamplesSchema = v.object({
  samples: list(
    v.object({
      id: IdSchema,
      label: DigitSchema,
      source: v.picklist(["drawn", "image", "correction", "number", "form"]),
      time: TimeSchema,
      seen: SeenSchema,
      strokes: v.nullable(
        list(
          v.object({
            points: list(v.pipe(v.array(FiniteSchema), v.length(2)), MAX_POINTS),
            width: v.exactOptional(v.nullable(FiniteSchema)),
          }),
          MAX_STROKES,
        ),
      ),
    }),
  ),
});

const RecognizedSchema = v.object({
  digit: v.nullable(DigitSchema),
  confidence: ProbabilitySchema,
});

const PersonalModelSchema = v.object({
  model: ModelNameSchema,
  strength: ProbabilitySchema,
  others_before: v.nullable(ProbabilitySchema),
  others_after: v.nullable(ProbabilitySchema),
});

export const ChangeSchema = v.object({
  version: CountSchema,
  samples: list(
    v.object({
      id: IdSchema,
      label: DigitSchema,
      before: RecognizedSchema,
      after: RecognizedSchema,
    }),
  ),
  personal_model: PersonalModelSchema,
  profile: ProfileSchema,
});

const RightSchema = v.object({
  samples: CountSchema,
  right_before: CountSchema,
  right_after: CountSchema,
});

export const AccuracySchema = v.object({
  ...RightSchema.entries,
  by_digit: v.pipe(v.array(RightSchema), v.length(10)),
  personal_model: PersonalModelSchema,
});
