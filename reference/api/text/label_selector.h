// Label selectors: the string form of ?labelSelector= and kubectl -l, and what metav1.LabelSelector becomes.
// Terms are joined by "and", sorted by key. Parse errors carry upstream's wording.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace plumb::api {

enum class SelectorOperator { equals, double_equals, not_equals, in, not_in, exists, does_not_exist, greater_than, less_than };

struct LabelRequirement {
  std::string key;
  SelectorOperator op;
  std::vector<std::string> values;  // sorted, unique

  // Checks key, values and their number.
  static Result<LabelRequirement> make(std::string key, SelectorOperator op, std::vector<std::string> values);

  // `value` is that of the key, nullopt when the label is absent.
  bool matches(std::optional<std::string_view> value) const;
  std::string to_string() const;
};

class LabelSelector {
 public:
  using Lookup = std::function<std::optional<std::string_view>(std::string_view key)>;

  // Matches everything.
  LabelSelector() = default;
  static LabelSelector nothing();
  static Result<LabelSelector> parse(std::string_view text);
  explicit LabelSelector(std::vector<LabelRequirement> requirements);

  bool matches(const Lookup& labels) const { return matches_with(labels); }
  // Any sorted or hashed map of strings.
  template <class Map>
  bool matches_map(const Map& labels) const {
    return matches_with([&](const std::string& key) -> std::optional<std::string_view> {
      const auto at = labels.find(key);
      if (at == labels.end()) return std::nullopt;
      return std::string_view(at->second);
    });
  }

  bool everything() const { return !nothing_ && requirements_.empty(); }
  const std::vector<LabelRequirement>& requirements() const { return requirements_; }
  // The single value that the selector demands of this label, for indexes.
  std::optional<std::string_view> exact(std::string_view key) const;
  std::string to_string() const;

 private:
  template <class Find>
  bool matches_with(const Find& find) const {
    if (nothing_) return false;
    for (const LabelRequirement& requirement : requirements_)
      if (!requirement.matches(find(requirement.key))) return false;
    return true;
  }

  std::vector<LabelRequirement> requirements_;
  bool nothing_ = false;
};

}  // namespace plumb::api
