// Rules that jobs and the templates of cron jobs share.
#pragma once

#include "reference/api/types/batchv1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

bool is_indexed(const batchv1::JobSpec& spec);

// All but the selector, which a template does not have.
void check_job_spec(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors);

}  // namespace plumb::resources
