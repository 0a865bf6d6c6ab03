#include "reference/resources/jobs/index_rules.h"

#include <optional>
#include <vector>

#include "harness/base/encoding.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {
namespace {

struct Interval {
  std::int32_t first, last;
};

Error wrong(std::string message) { return fail(Code::invalid_argument, std::move(message)); }

Error not_increasing(std::int32_t previous, std::int32_t current) {
  return wrong("non-increasing order, previous: " + std::to_string(previous) + ", current: " + std::to_string(current));
}

Result<std::int32_t> parse_index(std::string_view text, std::int32_t completions) {
  const auto number = parse_int(text);
  if (!number) return wrong("cannot convert string to integer for index: " + FieldErrors::quoted(text));
  if (*number >= completions) return wrong("too large index: " + FieldErrors::quoted(text));
  return static_cast<std::int32_t>(*number);
}

Result<Interval> parse_interval(std::string_view text, std::int32_t completions) {
  const auto ends = split(text, '-');
  if (ends.size() > 2)
    return wrong("the fragment " + FieldErrors::quoted(text) +
                 " violates the requirement that an index interval can have at most two parts separated by '-'");
  const std::int32_t first = PLUMB_TRY(parse_index(ends[0], completions));
  if (ends.size() == 1) return Interval{first, first};
  const std::int32_t last = PLUMB_TRY(parse_index(ends[1], completions));
  if (first >= last) return not_increasing(first, last);
  return Interval{first, last};
}

std::vector<Interval> well_formed(std::string_view text, std::int32_t completions) {
  std::vector<Interval> found;
  for (const std::string_view part : split(text, ',')) {
    const auto interval = parse_interval(part, completions);
    if (interval.ok()) found.push_back(*interval);
  }
  return found;
}

}  // namespace

Result<std::int32_t> check_indexes(std::string_view text, std::int32_t completions) {
  if (text.empty()) return 0;
  std::optional<std::int32_t> last;
  std::int32_t total = 0;
  for (const std::string_view part : split(text, ',')) {
    const Interval interval = PLUMB_TRY(parse_interval(part, completions));
    if (last && *last >= interval.first) return not_increasing(*last, interval.first);
    total += interval.last - interval.first + 1;
    last = interval.last;
  }
  return total;
}

Status check_no_overlap(std::string_view completed, std::string_view failed, std::int32_t completions) {
  if (completed.empty() || failed.empty()) return {};
  const auto left = well_formed(completed, completions), right = well_formed(failed, completions);
  for (std::size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    if (left[i].first <= right[j].last && right[j].first <= left[i].last)
      return wrong("failedIndexes and completedIndexes overlap at index: " + std::to_string(std::max(left[i].first, right[j].first)));
    left[i].first <= right[j].first ? ++i : ++j;
  }
  return {};
}

}  // namespace plumb::resources
