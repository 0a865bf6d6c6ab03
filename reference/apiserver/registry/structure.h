// What the schema alone demands of an object: values of closed enumerations.
#pragma once

#include "reference/api/object.h"
#include "reference/resources/field_errors.h"

namespace plumb::apiserver {

void validate_structure(const api::Object& object, resources::FieldErrors& errors);

}  // namespace plumb::apiserver
