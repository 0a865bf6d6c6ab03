#include "reference/kubelet/name_resolution.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "harness/base/encoding.h"

namespace plumb::kubelet {
namespace {

// Upstream's: what resolvers of all kinds can bear.
constexpr std::size_t most_servers = 3, most_searches = 32, longest_search_line = 2048, longest_search = 253;

void add_new(std::vector<std::string>& list, std::string item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(std::move(item));
}

std::string_view name_of(std::string_view option) { return option.substr(0, option.find(':')); }

void add_pod_settings(const corev1::PodDNSConfig& wanted, NameResolution& made) {
  for (const auto& item : wanted.nameservers) add_new(made.servers, item.str());
  for (const auto& item : wanted.searches) add_new(made.searches, item.str());
  for (const auto& option : wanted.options) {
    std::erase_if(made.options, [&](const std::string& known) { return name_of(known) == option.name.view(); });
    made.options.push_back(option.value && !option.value->empty() ? option.name.str() + ":" + option.value->str() : option.name.str());
  }
}

void fit(NameResolution& made) {
  if (made.servers.size() > most_servers) {
    made.servers.resize(most_servers);
    made.omitted.push_back("Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: " + join(made.servers, " "));
  }
  const std::size_t before = made.searches.size();
  if (made.searches.size() > most_searches) made.searches.resize(most_searches);
  std::erase_if(made.searches, [](const std::string& search) { return search.size() > longest_search; });
  while (!made.searches.empty() && join(made.searches, " ").size() > longest_search_line) made.searches.pop_back();
  if (made.searches.size() != before)
    made.omitted.push_back("Search Line limits were exceeded, some search paths have been omitted, the applied search line is: " + join(made.searches, " "));
}

}  // namespace

NameResolution parse_resolv_conf(const std::string& text) {
  NameResolution made;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, word;
    if (!(words >> key) || key.front() == '#') continue;
    if (key == "nameserver" && words >> word) made.servers.push_back(word);
    if (key == "search") {
      made.searches.clear();
      while (words >> word) {
        if (word.size() > 1 && word.back() == '.') word.pop_back();
        made.searches.push_back(word);
      }
    }
    if (key == "options") {
      made.options.clear();
      while (words >> word) made.options.push_back(word);
    }
  }
  return made;
}

NameResolution name_resolution_of(const corev1::Pod& pod, const NodeResolution& node) {
  const std::string policy = pod.spec.dnsPolicy.empty() ? "ClusterFirst" : pod.spec.dnsPolicy.str();
  NameResolution made;
  if (policy != "None") made = parse_resolv_conf(node.resolv_conf);
  const bool cluster = policy == "ClusterFirstWithHostNet" || (policy == "ClusterFirst" && !pod.spec.hostNetwork);
  if (cluster && !node.cluster_dns.empty()) {
    made.servers = node.cluster_dns;
    made.options = {"ndots:5"};
    if (!node.cluster_domain.empty()) {
      std::vector<std::string> host = std::exchange(made.searches, {});
      for (std::string search : {pod.metadata.namespace_.str() + ".svc." + node.cluster_domain, "svc." + node.cluster_domain, node.cluster_domain}) add_new(made.searches, std::move(search));
      for (std::string& search : host) add_new(made.searches, std::move(search));
    }
  }
  if (pod.spec.dnsConfig) add_pod_settings(*pod.spec.dnsConfig, made);
  fit(made);
  return made;
}

}  // namespace plumb::kubelet
