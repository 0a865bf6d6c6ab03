#include "harness/runner/coverage/upstream_list.h"

#include <algorithm>

#include "harness/base/encoding.h"

namespace plumb::harness {
namespace {

std::vector<std::vector<std::string>> rows_of(const std::string& table) {
  const auto found = Registry<UpstreamTable>::make(table);
  return found ? found->rows() : std::vector<std::vector<std::string>>();
}

std::vector<std::string_view> segments_of(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return split(path, '/');
}

std::string shape_of(std::string_view method, std::size_t segments) { return std::string(method) + " " + std::to_string(segments); }

// How many segments are the template's own words; -1 when the path is none of its.
int agreement(const std::vector<std::string_view>& wanted, const std::vector<std::string_view>& given) {
  int words = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{')) continue;
    if (wanted[i] != given[i]) return -1;
    ++words;
  }
  return words;
}

}  // namespace

std::vector<std::vector<std::string>> UpstreamTable::rows() const {
  std::vector<std::vector<std::string>> out;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    std::vector<std::string>& row = out.emplace_back();
    for (const std::string_view field : split(line, '\t')) row.emplace_back(field);
  }
  return out;
}

std::vector<Behaviour> upstream_behaviours() {
  std::vector<Behaviour> out;
  for (const auto& row : rows_of("behaviours"))
    if (row.size() == 2) out.push_back({row[0], row[1]});
  return out;
}

std::vector<Endpoint> upstream_endpoints() {
  std::vector<Endpoint> out;
  for (const auto& row : rows_of("endpoints"))
    if (row.size() == 3) out.push_back({row[0], row[1], row[2]});
  return out;
}

EndpointIndex::EndpointIndex(std::vector<Endpoint> endpoints) : endpoints_(std::move(endpoints)) {
  for (std::size_t i = 0; i < endpoints_.size(); ++i)
    by_shape_[shape_of(endpoints_[i].method, segments_of(endpoints_[i].path).size())].push_back(i);
}

const Endpoint* EndpointIndex::find(std::string_view method, std::string_view target) const {
  const auto segments = segments_of(target.substr(0, target.find('?')));
  const auto candidates = by_shape_.find(shape_of(method, segments.size()));
  if (candidates == by_shape_.end()) return nullptr;
  const Endpoint* best = nullptr;
  int most = -1;
  for (const std::size_t i : candidates->second) {
    const int words = agreement(segments_of(endpoints_[i].path), segments);
    if (words > most) best = &endpoints_[i], most = words;
  }
  return best;
}

}  // namespace plumb::harness
