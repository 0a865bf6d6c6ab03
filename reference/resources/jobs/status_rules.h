// Rules of a job's status. Any controller may write it (spec.managedBy), so that clients can rely on it only if the server does not
// let it become contradictory. Most rules hold where the fields they are about change: a status that already breaks one can still be mended.
#pragma once

#include "reference/api/types/batchv1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

void check_job_status(const batchv1::Job& next, const batchv1::Job& previous, FieldErrors& errors);

}  // namespace plumb::resources
