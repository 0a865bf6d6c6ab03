// What holds for events in every version.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// `controller_field`: what the version of the request calls the controller that reports.
void check_event(const corev1::Event& event, std::string_view controller_field, FieldErrors& errors);

}  // namespace plumb::resources
