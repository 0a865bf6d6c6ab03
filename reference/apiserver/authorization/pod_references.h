// What a pod's spec refers to by name in its namespace: what its node has to read to run it.
#pragma once

#include <functional>
#include <string_view>

#include "reference/api/types/corev1.h"

namespace plumb::apiserver {

enum class Referenced { secret, config_map, claim, service_account };

// Calls `visit` for each reference until it says true; whether it did.
bool any_reference(const corev1::Pod& pod, const std::function<bool(Referenced what, std::string_view name)>& visit);

}  // namespace plumb::apiserver
