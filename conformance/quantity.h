// Amounts of resources as objects spell them: "250m", "64Mi", "1e3".
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

namespace plumb::harness {

// In units, as a number: "250m" is 0.25, "64Mi" 67108864.
inline double amount_of(const std::string& quantity) {
  std::size_t used = 0;
  const double number = quantity.empty() ? 0 : std::stod(quantity, &used);
  const std::string suffix = quantity.substr(used);
  if (suffix == "m") return number / 1000;
  const std::string powers = "kMGTPE";
  const auto power = suffix.empty() ? std::string::npos : powers.find(suffix[0] == 'K' ? 'k' : suffix[0]);
  if (power == std::string::npos) return number;
  return number * std::pow(suffix.ends_with('i') ? 1024 : 1000, static_cast<double>(power + 1));
}

}  // namespace plumb::harness
