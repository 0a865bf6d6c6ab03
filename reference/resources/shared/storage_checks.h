// Rules that the resources of storage share.
#pragma once

#include <string_view>

#include "reference/api/values/list.h"
#include "reference/api/values/scalars.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// The name of a CSI driver: upper case is allowed.
void check_driver_name(std::string_view name, const FieldPath& path, FieldErrors& errors);
// The name of a provisioner, with or without a domain before it.
void check_provisioner(std::string_view name, const FieldPath& path, FieldErrors& errors);
// The name of a storage class or volume attributes class.
void check_class_name(std::string_view name, const FieldPath& path, FieldErrors& errors);
// A size: more than nothing.
void check_size(const api::QuantityText& size, const FieldPath& path, FieldErrors& errors);
void check_amount_not_negative(const api::QuantityText& amount, const FieldPath& path, FieldErrors& errors);
// ReadWriteOncePod stands alone.
void check_access_modes(const api::List<api::Str>& modes, const FieldPath& path, FieldErrors& errors);
// What a driver is told about its volumes: bounded in number and size, no key empty.
void check_parameters(const api::Map<api::Str>& parameters, bool may_be_empty, const FieldPath& path, FieldErrors& errors);

}  // namespace plumb::resources
