// The addresses that Services of type LoadBalancer are given: a range for each IP family, and who has what of them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/text/ip.h"

namespace plumb::controllers::servicelb {

class AddressPool {
 public:
  // Ranges after commas, at most one of each family: "10.0.254.0/24,fd00:254::/112". Empty text gives an empty pool.
  static Result<AddressPool> parse(std::string_view ranges);

  bool empty() const { return ranges_.empty(); }
  bool has(std::string_view family) const;
  bool contains(const api::Ip& ip) const;
  // Who has it; nullptr: nobody.
  const std::string* holder(const api::Ip& ip) const;
  std::vector<api::Ip> held(const std::string& key) const;

  // False when it lies in no range, or another has it.
  bool take(const std::string& key, const api::Ip& ip);
  // The free one after the last that was given out, so that one that goes does not come back at once as another's.
  std::optional<api::Ip> take_next(const std::string& key, std::string_view family);
  // What the key has but for these is free again; true when it had more.
  bool keep_only(const std::string& key, const std::vector<api::Ip>& kept);

 private:
  // Without the first and the last address of a range, which networks of IPv4 use for themselves.
  struct Range {
    api::IpRange whole;
    api::IpNumber first = 0, last = 0, next = 0;
  };
  using Place = std::pair<bool, api::IpNumber>;
  const Range* range_of(const api::Ip& ip) const;

  std::vector<Range> ranges_;
  std::map<Place, std::string> holders_;
  std::map<std::string, std::vector<api::Ip>, std::less<>> held_;
};

}  // namespace plumb::controllers::servicelb
