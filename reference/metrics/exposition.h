// Reads the Prometheus text format (version 0.0.4), as kubelets give it. Input comes from outside: what is malformed is an error that names
// the line, and nothing is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"

namespace plumb::metrics_api {

struct Sample {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string>> labels;
  double value = 0;
  std::optional<std::int64_t> milliseconds;  // its timestamp, since the epoch

  std::string_view label(std::string_view label_name) const;  // empty when there is none
};

Status read_exposition(std::string_view text, const std::function<void(const Sample&)>& visit);

}  // namespace plumb::metrics_api
