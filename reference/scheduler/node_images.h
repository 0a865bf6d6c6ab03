// Which images are on which nodes, by the names that the nodes report.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "reference/api/types/corev1.h"

namespace plumb::scheduler {

struct NodeInfo;

class NodeImages {
 public:
  struct Image {
    std::int64_t size = 0;  // bytes, as the first node said
    std::unordered_set<const NodeInfo*> nodes;
  };
  void add(const NodeInfo& node, const api::List<corev1::ContainerImage>& images);
  void remove(const NodeInfo& node, const api::List<corev1::ContainerImage>& images);
  // nullptr when no node has it. A name without tag or digest means the tag latest.
  const Image* find(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, Image, Hash, std::equal_to<>> images_;
};

}  // namespace plumb::scheduler
