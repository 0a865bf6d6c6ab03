// What of a job's spec an update may change.
#pragma once

#include "reference/api/types/batchv1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

void check_job_update(const batchv1::Job& next, const batchv1::Job& previous, FieldErrors& errors);

}  // namespace plumb::resources
