// The scale subresource of controllers whose spec has `replicas` and `selector`.
#pragma once

#include "reference/resources/resource.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {

template <class T>
ScaleView scale_view(const T& object) {
  return {object.spec.replicas.value_or(0), object.status.replicas, to_selector(object.spec.selector).to_string()};
}

}  // namespace plumb::resources
