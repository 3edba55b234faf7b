# Signs what is ours in the staged module. Dot-sourced by build.ps1.

# The scripts, the data files, the views, and our own assemblies; others' assemblies have their makers' signatures, or none.
function Get-SignedFiles([string] $Folder) {
    return [IO.Directory]::GetFiles($Folder, '*', [IO.SearchOption]::AllDirectories) | Where-Object {
        [IO.Path]::GetExtension($_) -in '.psm1', '.psd1', '.ps1', '.ps1xml' -or [IO.Path]::GetFileName($_) -like 'Nebula.Rotation*.dll'
    }
}

# The certificate by its thumbprint in the user's or the machine's store, or a PFX file whose password stands in NEBULA_SIGNING_PASSWORD: never in an
# argument, which every process of the machine can read.
function Find-SigningCertificate([string] $Thumbprint, [string] $Path) {
    if ($Path) {
        if (-not [IO.File]::Exists($Path)) { throw "-CertificatePath '$Path' is not there." }
        if ($null -eq $env:NEBULA_SIGNING_PASSWORD) { throw 'The password of the PFX file is read from the environment variable NEBULA_SIGNING_PASSWORD, which is not set.' }
        return [Security.Cryptography.X509Certificates.X509CertificateLoader]::LoadPkcs12FromFile($Path, $env:NEBULA_SIGNING_PASSWORD)
    }

    foreach ($location in 'CurrentUser', 'LocalMachine') {
        $store = [Security.Cryptography.X509Certificates.X509Store]::new('My', $location)
        try {
            $store.Open('ReadOnly')
            $found = $store.Certificates.Find('FindByThumbprint', $Thumbprint, $false)
            if ($found.Count -gt 0 -and $found[0].HasPrivateKey) { return $found[0] }
        }
        finally {
            $store.Dispose()
        }
    }

    throw "No certificate with the thumbprint '$Thumbprint' and its private key is in the store 'My' of this user or this machine."
}

function Protect-Module([string] $Folder, [string] $Thumbprint, [string] $Path, [string] $TimestampServer) {
    if ($Thumbprint -and $Path) { throw 'Give -CertificateThumbprint or -CertificatePath, not both.' }
    if (-not $IsWindows -or -not (Get-Command Set-AuthenticodeSignature -ErrorAction Ignore)) {
        throw 'Authenticode signatures are made by Set-AuthenticodeSignature, which PowerShell has on Windows only. Nothing was signed and nothing packed: run this step there.'
    }

    $certificate = Find-SigningCertificate $Thumbprint $Path
    $options = @{ Certificate = $certificate; HashAlgorithm = 'SHA256'; IncludeChain = 'NotRoot' }
    # Without a time stamp a signature ends with its certificate.
    if ($TimestampServer) { $options.TimestampServer = $TimestampServer }
    foreach ($file in Get-SignedFiles $Folder) {
        $signature = Set-AuthenticodeSignature -FilePath $file @options
        if ($signature.Status -ne 'Valid') { throw "'$file' was not signed: $($signature.StatusMessage)" }
    }

    Write-Step "Signed what is ours as $($certificate.Subject)"
}
