// Sets of completion indexes, in the text form of statuses and success policies: "0,2-5,9".
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::controllers::job {

class Intervals {
 public:
  // What is malformed, and indexes from `completions` on, are left out.
  static Intervals parse(std::string_view text, std::int32_t completions);
  static Intervals of(const std::set<std::int32_t>& indexes);

  std::string to_string() const;  // two neighbours as "3,4", more as "3-5"
  bool empty() const { return list_.empty(); }
  std::int64_t total() const;
  bool has(std::int32_t index) const;
  Intervals with(const Intervals& others) const;
  // How many indexes are in both.
  std::int64_t in_common(const Intervals& others) const;
  // The first indexes below `limit` that are missing here, at most `count`.
  std::vector<std::int32_t> missing(std::size_t count, std::int32_t limit) const;

 private:
  struct Interval {
    std::int32_t first, last;
  };
  void append(Interval next);
  std::vector<Interval> list_;  // in order, with gaps between them
};

}  // namespace plumb::controllers::job
