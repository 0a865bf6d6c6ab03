#include "reference/controllers/job/intervals.h"

#include <algorithm>

#include "harness/base/encoding.h"

namespace plumb::controllers::job {

Intervals Intervals::parse(std::string_view text, std::int32_t completions) {
  std::vector<Interval> found;
  if (!text.empty()) {
    for (const std::string_view part : split(text, ',')) {
      const auto ends = split(part, '-');
      const auto first = parse_int(ends[0]), last = ends.size() > 1 ? parse_int(ends[1]) : first;
      if (!first || !last || *first < 0 || *first >= completions || *last < *first) continue;
      found.push_back({static_cast<std::int32_t>(*first), static_cast<std::int32_t>(std::min<std::int64_t>(*last, completions - 1))});
    }
  }
  std::sort(found.begin(), found.end(), [](const Interval& a, const Interval& b) { return a.first < b.first; });
  Intervals made;
  for (const Interval& interval : found) made.append(interval);
  return made;
}

Intervals Intervals::of(const std::set<std::int32_t>& indexes) {
  Intervals made;
  for (const std::int32_t index : indexes) made.append({index, index});
  return made;
}

void Intervals::append(Interval next) {
  if (list_.empty() || next.first > list_.back().last + 1) {
    list_.push_back(next);
  } else {
    list_.back().last = std::max(list_.back().last, next.last);
  }
}

std::string Intervals::to_string() const {
  std::string text;
  for (const auto& [first, last] : list_) {
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last > first) text += (last == first + 1 ? ',' : '-') + std::to_string(last);
  }
  return text;
}

std::int64_t Intervals::total() const {
  std::int64_t count = 0;
  for (const auto& [first, last] : list_) count += last - first + 1;
  return count;
}

bool Intervals::has(std::int32_t index) const {
  const auto found = std::lower_bound(list_.begin(), list_.end(), index, [](const Interval& one, std::int32_t value) { return one.last < value; });
  return found != list_.end() && found->first <= index;
}

Intervals Intervals::with(const Intervals& others) const {
  std::vector<Interval> both;
  std::merge(list_.begin(), list_.end(), others.list_.begin(), others.list_.end(), std::back_inserter(both),
             [](const Interval& a, const Interval& b) { return a.first < b.first; });
  Intervals made;
  for (const Interval& interval : both) made.append(interval);
  return made;
}

std::int64_t Intervals::in_common(const Intervals& others) const {
  std::int64_t count = 0;
  for (std::size_t i = 0, j = 0; i < list_.size() && j < others.list_.size();) {
    const Interval &a = list_[i], &b = others.list_[j];
    count += std::max(0, std::min(a.last, b.last) - std::max(a.first, b.first) + 1);
    a.last < b.last ? ++i : ++j;
  }
  return count;
}

std::vector<std::int32_t> Intervals::missing(std::size_t count, std::int32_t limit) const {
  std::vector<std::int32_t> found;
  std::int32_t candidate = 0;
  for (const auto& [first, last] : list_) {
    for (; candidate < std::min(first, limit) && found.size() < count; ++candidate) found.push_back(candidate);
    candidate = last + 1;
  }
  for (; candidate < limit && found.size() < count; ++candidate) found.push_back(candidate);
  return found;
}

}  // namespace plumb::controllers::job
