#include "reference/controllers/framework/count_or_percent.h"

#include <cmath>

#include "harness/base/encoding.h"

namespace plumb::controllers {

std::int32_t scaled_value(const api::IntOrString& value, std::int32_t total, bool round_up) {
  if (!value.is_string()) return value ? value.number : 0;
  const std::string_view text = value.text;
  if (text.empty() || text.back() != '%') return 0;
  const auto percent = parse_int(text.substr(0, text.size() - 1));
  if (!percent) return 0;
  const double exact = static_cast<double>(*percent) * total / 100;
  return static_cast<std::int32_t>(round_up ? std::ceil(exact) : std::floor(exact));
}

}  // namespace plumb::controllers
