/* A libnvidia-ml.so.1 whose GPUs are those of a text file, named by $FAKE_NVML and read whenever the library is opened.
 *
 *   init CODE                      opening fails with that code; "init hang" never returns
 *   gpu BUS                        a GPU; what follows is of it
 *   name TEXT / uuid ID / serial ID / device HEX / memory MIB / module N / cell N / cpus FIRST-LAST
 *   link PEER COUNT                that many NVLinks to a PCI address, or to "nvswitch"
 *   mig 0|1                        it can be divided, and is in MIG mode or not
 *   profile NUMBER ID SLICES MIB MOST SIZE START,START,... NAME
 *   instance ID PROFILE START SIZE
 *   vgpu ID MIB MOST NAME
 *   ecc VOLATILE AGGREGATE / rows PENDING FAILED / pages PENDING
 *   load PERCENT / used MIB / power MILLIWATTS / heat CELSIUS / corrected NUMBER / traffic SENT_KIB RECEIVED_KIB
 *   lost                           every question about it but which one it is fails
 *   hang                           asking for its name never returns
 *   old                            the library has only the first version of the profiles
 *
 * What is not said is not supported, as the real library answers on boards that lack it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int Return;
enum { OK = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, NO_DRIVER = 9,
       NO_FUNCTION = 13, LOST = 15 };
enum { MOST_GPUS = 64, MOST_PARTS = 32, MOST_LINKS = 36, SWITCH = 2, PEER_GPU = 0 };

typedef struct { unsigned start, size; } Placement;
typedef struct { unsigned number, id, slices, most, size, starts[8], count; unsigned long long mib; char name[96]; } Profile;
typedef struct Gpu Gpu;
typedef struct { Gpu *gpu; unsigned id, profile; Placement place; } Instance;
typedef struct { unsigned id, most; unsigned long long mib; char name[64]; } Vgpu;

struct Gpu {
    char bus[32], name[96], uuid[96], serial[32];
    unsigned device, module, mig, profiles, instances, vgpus, links, rows_pending, rows_failed, pages_pending;
    int cell, first_cpu, last_cpu, lost, hang, has_module, has_mig, has_ecc, has_rows, has_pages;
    unsigned load, power, heat;
    int has_load, has_power, has_heat, has_traffic;
    unsigned long long mib, used_mib, volatile_errors, aggregate_errors, corrected_errors, sent_kib, received_kib;
    char peers[MOST_LINKS][32];
    Profile profile[MOST_PARTS];
    Instance instance[MOST_PARTS];
    Vgpu vgpu[MOST_PARTS];
};

typedef struct {
    char legacy[16];
    unsigned domain, bus, device, pci_device, subsystem;
    char bus_id[32];
} Pci;

static Gpu gpus[MOST_GPUS];
static unsigned count;
static int opened, old_profiles;

static void hang(void) {
    for (;;) pause();
}

static void read_profile(Gpu *gpu, const char *text) {
    Profile *profile = &gpu->profile[gpu->profiles];
    char starts[64], *rest = starts, *part;
    memset(profile, 0, sizeof *profile);
    if (gpu->profiles == MOST_PARTS ||
        sscanf(text, "%u %u %u %llu %u %u %63s %95[^\n]", &profile->number, &profile->id, &profile->slices,
               &profile->mib, &profile->most, &profile->size, starts, profile->name) != 8)
        return;
    while ((part = strsep(&rest, ",")) && profile->count < 8)
        profile->starts[profile->count++] = (unsigned)atoi(part);
    gpu->profiles++;
}

static void read_links(Gpu *gpu, const char *text) {
    char peer[32];
    unsigned number;
    if (sscanf(text, "%31s %u", peer, &number) != 2) return;
    while (number-- && gpu->links < MOST_LINKS) strcpy(gpu->peers[gpu->links++], peer);
}

static void read_line(Gpu *gpu, const char *key, const char *text) {
    if (!strcmp(key, "name")) sscanf(text, "%95[^\n]", gpu->name);
    else if (!strcmp(key, "uuid")) sscanf(text, "%95s", gpu->uuid);
    else if (!strcmp(key, "serial")) sscanf(text, "%31s", gpu->serial);
    else if (!strcmp(key, "device")) sscanf(text, "%x", &gpu->device);
    else if (!strcmp(key, "memory")) sscanf(text, "%llu", &gpu->mib);
    else if (!strcmp(key, "module")) gpu->has_module = sscanf(text, "%u", &gpu->module) == 1;
    else if (!strcmp(key, "cell")) sscanf(text, "%d", &gpu->cell);
    else if (!strcmp(key, "cpus")) sscanf(text, "%d-%d", &gpu->first_cpu, &gpu->last_cpu);
    else if (!strcmp(key, "link")) read_links(gpu, text);
    else if (!strcmp(key, "mig")) gpu->has_mig = sscanf(text, "%u", &gpu->mig) == 1;
    else if (!strcmp(key, "profile")) read_profile(gpu, text);
    else if (!strcmp(key, "instance") && gpu->instances < MOST_PARTS) {
        Instance *made = &gpu->instance[gpu->instances++];
        made->gpu = gpu;
        sscanf(text, "%u %u %u %u", &made->id, &made->profile, &made->place.start, &made->place.size);
    } else if (!strcmp(key, "vgpu") && gpu->vgpus < MOST_PARTS) {
        Vgpu *type = &gpu->vgpu[gpu->vgpus++];
        sscanf(text, "%u %llu %u %63[^\n]", &type->id, &type->mib, &type->most, type->name);
    } else if (!strcmp(key, "ecc"))
        gpu->has_ecc = sscanf(text, "%llu %llu", &gpu->volatile_errors, &gpu->aggregate_errors) == 2;
    else if (!strcmp(key, "rows")) gpu->has_rows = sscanf(text, "%u %u", &gpu->rows_pending, &gpu->rows_failed) == 2;
    else if (!strcmp(key, "pages")) gpu->has_pages = sscanf(text, "%u", &gpu->pages_pending) == 1;
    else if (!strcmp(key, "load")) gpu->has_load = sscanf(text, "%u", &gpu->load) == 1;
    else if (!strcmp(key, "used")) sscanf(text, "%llu", &gpu->used_mib);
    else if (!strcmp(key, "power")) gpu->has_power = sscanf(text, "%u", &gpu->power) == 1;
    else if (!strcmp(key, "heat")) gpu->has_heat = sscanf(text, "%u", &gpu->heat) == 1;
    else if (!strcmp(key, "corrected")) sscanf(text, "%llu", &gpu->corrected_errors);
    else if (!strcmp(key, "traffic"))
        gpu->has_traffic = sscanf(text, "%llu %llu", &gpu->sent_kib, &gpu->received_kib) == 2;
    else if (!strcmp(key, "lost")) gpu->lost = 1;
    else if (!strcmp(key, "hang")) gpu->hang = 1;
}

Return nvmlInitWithFlags(unsigned flags) {
    const char *path = getenv("FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[512], key[32];
    Gpu *gpu = NULL;
    Return answer = OK;
    (void)flags;
    if (!file) return NO_DRIVER;
    count = 0;
    old_profiles = 0;
    while (fgets(line, sizeof line, file)) {
        int end = 0;
        if (line[0] == '#' || sscanf(line, "%31s %n", key, &end) < 1) continue;
        if (!strcmp(key, "init")) {
            if (!strncmp(line + end, "hang", 4)) hang();
            answer = atoi(line + end);
        } else if (!strcmp(key, "old")) old_profiles = 1;
        else if (!strcmp(key, "gpu") && count < MOST_GPUS) {
            gpu = &gpus[count++];
            memset(gpu, 0, sizeof *gpu);
            gpu->cell = gpu->first_cpu = gpu->last_cpu = -1;
            sscanf(line + end, "%31s", gpu->bus);
        } else if (gpu) read_line(gpu, key, line + end);
    }
    fclose(file);
    opened = answer == OK;
    return answer;
}

Return nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

Return nvmlShutdown(void) {
    if (!opened) return UNINITIALIZED;
    opened = 0;
    return OK;
}

const char *nvmlErrorString(Return code) {
    switch (code) {
        case OK: return "Success";
        case NOT_SUPPORTED: return "Not Supported";
        case NO_DRIVER: return "Driver Not Loaded";
        case LOST: return "GPU is lost";
        default: return "Error of the fake library";
    }
}

static Return put(char *to, unsigned room, const char *text) {
    if (!*text) return NOT_SUPPORTED;
    if (strlen(text) + 1 > room) return TOO_SMALL;
    strcpy(to, text);
    return OK;
}

#define REACHABLE(gpu) do { if ((gpu)->lost) return LOST; } while (0)

Return nvmlDeviceGetCount_v2(unsigned *number) {
    *number = count;
    return opened ? OK : UNINITIALIZED;
}

Return nvmlDeviceGetHandleByIndex_v2(unsigned index, Gpu **gpu) {
    if (index >= count) return INVALID;
    *gpu = &gpus[index];
    return OK;
}

static void describe(const char *bus, unsigned device, Pci *pci) {
    memset(pci, 0, sizeof *pci);
    strcpy(pci->bus_id, bus);
    sscanf(bus, "%x:%x:%x", &pci->domain, &pci->bus, &pci->device);
    pci->pci_device = device << 16 | 0x10DE;
}

Return nvmlDeviceGetPciInfo_v3(Gpu *gpu, Pci *pci) {
    describe(gpu->bus, gpu->device, pci);
    return OK;
}

Return nvmlDeviceGetName(Gpu *gpu, char *to, unsigned room) {
    if (gpu->hang) hang();
    REACHABLE(gpu);
    return put(to, room, gpu->name);
}

Return nvmlDeviceGetUUID(Gpu *gpu, char *to, unsigned room) { REACHABLE(gpu); return put(to, room, gpu->uuid); }
Return nvmlDeviceGetSerial(Gpu *gpu, char *to, unsigned room) { REACHABLE(gpu); return put(to, room, gpu->serial); }

Return nvmlDeviceGetMemoryInfo(Gpu *gpu, unsigned long long *total_free_used) {
    REACHABLE(gpu);
    total_free_used[0] = gpu->mib << 20;
    total_free_used[1] = (gpu->mib - gpu->used_mib) << 20;
    total_free_used[2] = gpu->used_mib << 20;
    return gpu->mib ? OK : NOT_SUPPORTED;
}

Return nvmlDeviceGetModuleId(Gpu *gpu, unsigned *module) {
    REACHABLE(gpu);
    *module = gpu->module;
    return gpu->has_module ? OK : NOT_SUPPORTED;
}

static Return bits(int first, int last, unsigned words, unsigned long *to) {
    if (first < 0) return NOT_SUPPORTED;
    if ((unsigned)last >= words * 64) return TOO_SMALL;
    memset(to, 0, words * sizeof *to);
    for (int bit = first; bit <= last; bit++) to[bit / 64] |= 1ul << bit % 64;
    return OK;
}

Return nvmlDeviceGetCpuAffinity(Gpu *gpu, unsigned words, unsigned long *to) {
    REACHABLE(gpu);
    return bits(gpu->first_cpu, gpu->last_cpu, words, to);
}

Return nvmlDeviceGetMemoryAffinity(Gpu *gpu, unsigned words, unsigned long *to, unsigned scope) {
    REACHABLE(gpu);
    return scope ? NOT_SUPPORTED : bits(gpu->cell, gpu->cell, words, to);
}

Return nvmlDeviceGetNvLinkState(Gpu *gpu, unsigned link, unsigned *active) {
    REACHABLE(gpu);
    if (!gpu->links) return NOT_SUPPORTED;
    if (link >= gpu->links) return INVALID;
    *active = 1;
    return OK;
}

Return nvmlDeviceGetNvLinkRemoteDeviceType(Gpu *gpu, unsigned link, unsigned *kind) {
    if (link >= gpu->links) return INVALID;
    *kind = strcmp(gpu->peers[link], "nvswitch") ? PEER_GPU : SWITCH;
    return OK;
}

Return nvmlDeviceGetNvLinkRemotePciInfo_v2(Gpu *gpu, unsigned link, Pci *pci) {
    if (link >= gpu->links) return INVALID;
    if (!strcmp(gpu->peers[link], "nvswitch")) return NOT_SUPPORTED;
    describe(gpu->peers[link], gpu->device, pci);
    return OK;
}

Return nvmlDeviceGetMigMode(Gpu *gpu, unsigned *now, unsigned *pending) {
    REACHABLE(gpu);
    *now = *pending = gpu->mig;
    return gpu->has_mig ? OK : NOT_SUPPORTED;
}

typedef struct {
    unsigned id, p2p, slices, most, processors, copiers, decoders, encoders, jpegs, flows;
    unsigned long long mib;
} ProfileInfo1;

typedef struct {
    unsigned version, id, p2p, slices, most, processors, copiers, decoders, encoders, jpegs, flows;
    unsigned long long mib;
    char name[96];
} ProfileInfo2;

static const Profile *find(const Gpu *gpu, unsigned number) {
    for (unsigned i = 0; i < gpu->profiles; i++)
        if (gpu->profile[i].number == number) return &gpu->profile[i];
    return NULL;
}

Return nvmlDeviceGetGpuInstanceProfileInfo(Gpu *gpu, unsigned number, ProfileInfo1 *info) {
    const Profile *profile = find(gpu, number);
    if (!profile) return NOT_SUPPORTED;
    memset(info, 0, sizeof *info);
    info->id = profile->id, info->slices = profile->slices, info->most = profile->most, info->mib = profile->mib;
    return OK;
}

Return nvmlDeviceGetGpuInstanceProfileInfoV(Gpu *gpu, unsigned number, ProfileInfo2 *info) {
    const Profile *profile = find(gpu, number);
    if (old_profiles) return NO_FUNCTION;
    if (!profile) return NOT_SUPPORTED;
    info->id = profile->id, info->slices = profile->slices, info->most = profile->most, info->mib = profile->mib;
    strcpy(info->name, profile->name);
    return OK;
}

Return nvmlDeviceGetGpuInstancePossiblePlacements_v2(Gpu *gpu, unsigned id, Placement *to, unsigned *number) {
    if (!gpu->mig) return NOT_SUPPORTED;
    for (unsigned i = 0; i < gpu->profiles; i++) {
        const Profile *profile = &gpu->profile[i];
        if (profile->id != id) continue;
        if (to && *number < profile->count) return TOO_SMALL;
        for (unsigned place = 0; to && place < profile->count; place++)
            to[place] = (Placement){profile->starts[place], profile->size};
        *number = profile->count;
        return OK;
    }
    return INVALID;
}

Return nvmlDeviceGetGpuInstances(Gpu *gpu, unsigned id, Instance **to, unsigned *number) {
    unsigned found = 0;
    if (!gpu->mig) return NOT_SUPPORTED;
    for (unsigned i = 0; i < gpu->instances; i++)
        if (gpu->instance[i].profile == id && found < *number) to[found++] = &gpu->instance[i];
    *number = found;
    return OK;
}

typedef struct { Gpu *gpu; unsigned id, profile; Placement place; } InstanceInfo;

Return nvmlGpuInstanceGetInfo(Instance *made, InstanceInfo *info) {
    *info = (InstanceInfo){made->gpu, made->id, made->profile, made->place};
    return OK;
}

Return nvmlDeviceGetSupportedVgpus(Gpu *gpu, unsigned *number, unsigned *ids) {
    REACHABLE(gpu);
    if (!gpu->vgpus) return NOT_SUPPORTED;
    if (!ids || *number < gpu->vgpus) {
        *number = gpu->vgpus;
        return TOO_SMALL;
    }
    for (unsigned i = 0; i < gpu->vgpus; i++) ids[i] = gpu->vgpu[i].id;
    *number = gpu->vgpus;
    return OK;
}

static const Vgpu *type_of(unsigned id) {
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < gpus[i].vgpus; j++)
            if (gpus[i].vgpu[j].id == id) return &gpus[i].vgpu[j];
    return NULL;
}

Return nvmlVgpuTypeGetName(unsigned id, char *to, unsigned *room) {
    const Vgpu *type = type_of(id);
    return type ? put(to, *room, type->name) : INVALID;
}

Return nvmlVgpuTypeGetFramebufferSize(unsigned id, unsigned long long *bytes) {
    const Vgpu *type = type_of(id);
    if (!type) return INVALID;
    *bytes = type->mib << 20;
    return OK;
}

Return nvmlVgpuTypeGetMaxInstances(Gpu *gpu, unsigned id, unsigned *most) {
    const Vgpu *type = type_of(id);
    (void)gpu;
    if (!type) return INVALID;
    *most = type->most;
    return OK;
}

Return nvmlDeviceGetTotalEccErrors(Gpu *gpu, unsigned kind, unsigned counter, unsigned long long *number) {
    REACHABLE(gpu);
    if (!gpu->has_ecc) return NOT_SUPPORTED;
    *number = kind != 1 ? gpu->corrected_errors : counter ? gpu->aggregate_errors : gpu->volatile_errors;
    return OK;
}

Return nvmlDeviceGetUtilizationRates(Gpu *gpu, unsigned *processor_memory) {
    REACHABLE(gpu);
    processor_memory[0] = gpu->load, processor_memory[1] = 0;
    return gpu->has_load ? OK : NOT_SUPPORTED;
}

Return nvmlDeviceGetPowerUsage(Gpu *gpu, unsigned *milliwatts) {
    REACHABLE(gpu);
    *milliwatts = gpu->power;
    return gpu->has_power ? OK : NOT_SUPPORTED;
}

Return nvmlDeviceGetTemperature(Gpu *gpu, unsigned sensor, unsigned *celsius) {
    REACHABLE(gpu);
    *celsius = gpu->heat;
    return sensor ? INVALID : gpu->has_heat ? OK : NOT_SUPPORTED;
}

typedef struct {
    unsigned field, scope;
    long long at, took;
    int kind;
    Return result;
    unsigned long long value;
} FieldValue;
enum { TRAFFIC_SENT = 138, TRAFFIC_RECEIVED = 139 };

Return nvmlDeviceGetFieldValues(Gpu *gpu, int number, FieldValue *values) {
    REACHABLE(gpu);
    for (int i = 0; i < number; i++) {
        int sent = values[i].field == TRAFFIC_SENT, known = sent || values[i].field == TRAFFIC_RECEIVED;
        values[i].result = !known || !gpu->has_traffic ? NOT_SUPPORTED : values[i].scope != ~0u ? INVALID : OK;
        values[i].value = sent ? gpu->sent_kib : gpu->received_kib;
    }
    return OK;
}

Return nvmlDeviceGetRemappedRows(Gpu *gpu, unsigned *fixed, unsigned *broken, unsigned *pending, unsigned *failed) {
    REACHABLE(gpu);
    *fixed = *broken = 0, *pending = gpu->rows_pending, *failed = gpu->rows_failed;
    return gpu->has_rows ? OK : NOT_SUPPORTED;
}

Return nvmlDeviceGetRetiredPagesPendingStatus(Gpu *gpu, unsigned *pending) {
    REACHABLE(gpu);
    *pending = gpu->pages_pending;
    return gpu->has_pages ? OK : NOT_SUPPORTED;
}
