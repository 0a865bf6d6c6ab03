// Looking names up in pods, by the test image. Answers are sorted; none means that there is no such name or record.
#pragma once

#include <algorithm>
#include <set>
#include <sstream>

#include "harness/runner/conformance_test.h"

namespace plumb::harness {

// The values of the records of that type.
inline std::set<std::string> looked_up(Cluster& c, const std::string& pod, const std::string& name, const std::string& type = "A", std::vector<std::string> more = {}) {
  std::vector<std::string> words = {"lookup", name, "--type", type, "--timeout", "2"};
  words.insert(words.end(), more.begin(), more.end());
  const auto answer = c.exec(pod, words);
  std::set<std::string> values;
  std::istringstream lines(answer.exit_code == 0 ? answer.out : "");
  for (std::string owner, found, value; lines >> owner >> found && std::getline(lines >> std::ws, value);)
    if (found == type) values.insert(value.ends_with('.') ? value.substr(0, value.size() - 1) : value);
  return values;
}

// Waits until exactly these are found.
inline void await_found(Cluster& c, const std::string& pod, const std::string& name, const std::string& type, const std::set<std::string>& values) {
  c.eventually(type + " of " + name + " to be " + (values.empty() ? "absent" : *values.begin()), [&] { return looked_up(c, pod, name, type) == values; });
}

// The cluster's domain, as pods are told: what follows "svc." in the search list.
inline std::string cluster_domain(Cluster& c, const std::string& pod) {
  std::istringstream words(c.output(pod, {"cat", "/etc/resolv.conf"}));
  for (std::string word; words >> word;)
    if (word.starts_with("svc.")) return word.substr(4);
  c.require(false, "the search list of pod " + pod + " to name the cluster's domain");
  return {};
}

// "10.0.0.7" is "7.0.0.10.in-addr.arpa"; "" for IPv6.
inline std::string reverse_name(const std::string& ip) {
  std::istringstream parts(ip);
  std::string name;
  for (std::string part; std::getline(parts, part, '.');) name = part + "." + name;
  return ip.find(':') == std::string::npos ? name + "in-addr.arpa" : std::string();
}

}  // namespace plumb::harness
