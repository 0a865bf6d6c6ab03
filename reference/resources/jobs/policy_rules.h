// Rules of a job's pod failure policy and success policy.
#pragma once

#include "reference/api/types/batchv1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// Preconditions: the policy is there; for a success policy, that the job is indexed.
void check_failure_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors);
void check_success_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors);

}  // namespace plumb::resources
